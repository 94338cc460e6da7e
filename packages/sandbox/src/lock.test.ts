import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { RECORD, tryWithLock, withLock } from "./lock.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cco-lock-"));
  writeFileSync(join(folder, RECORD), "{}");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("held by another: not now, then in turn", async () => {
  const path = join(folder, "a.lock");
  const inside = await withLock(path, { retryMs: 1 }, async () => tryWithLock(path, async () => 1));
  expect(inside).toBeUndefined();
  expect(await tryWithLock(path, async () => 1)).toEqual({ value: 1 });
});

test("a lock that another took over stops the work and is an error", async () => {
  const path = join(folder, "a.lock");
  const work = withLock(path, { retryMs: 1 }, async (signal) => {
    const stopped = once(signal, "abort");
    rmSync(path, { recursive: true });
    mkdirSync(path);
    utimesSync(path, 1, 1);
    await stopped;
  });
  await expect(work).rejects.toMatchObject({ code: "LOCK_LOST" });
});
