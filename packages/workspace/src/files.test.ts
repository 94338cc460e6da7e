import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { ownFolder } from "./files.js";

test("a folder that cannot be looked into is named; one that is not there is none", async () => {
  const dir = mkdtempSync(join(tmpdir(), "cco-files-"));
  onTestFinished(() => {
    rmSync(dir, { recursive: true });
  });
  const loop = join(dir, "loop");
  symlinkSync(loop, loop);
  await expect(ownFolder(loop)).rejects.toMatchObject({
    code: "FOLDER_NOT_WRITABLE",
    message: `cannot look into ${loop}: a link in its path leads to itself`,
  });
  expect(await ownFolder(join(dir, "none"))).toBeNull();
});
