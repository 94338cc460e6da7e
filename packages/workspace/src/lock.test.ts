import { mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { withRepoLock } from "./lock.js";

test("a lock that another took over stops the work and is an error", async () => {
  const commonDir = mkdtempSync(join(tmpdir(), "cco-lock-"));
  onTestFinished(() => {
    rmSync(commonDir, { recursive: true });
  });
  const path = join(commonDir, "cco-workspaces.lock");
  const work = withRepoLock({ commonDir }, undefined, async (signal) => {
    const stopped = once(signal, "abort");
    rmSync(path, { recursive: true });
    mkdirSync(path);
    utimesSync(path, 1, 1);
    await stopped;
  });
  await expect(work).rejects.toMatchObject({ code: "LOCK_LOST" });
});
