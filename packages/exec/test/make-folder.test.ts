import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import { makeFolder } from "../src/make-folder.js";

describe("makeFolder", () => {
  it("makes what is missing, with its mode, and is content with what is there", async () => {
    const dir = makeTempDir("m");
    const path = join(dir, "a/b/c");
    await Promise.all([makeFolder(path, 0o700), makeFolder(path, 0o700)]);
    await makeFolder(path, 0o755);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, "a")).mode & 0o777).toBe(0o700);
  });

  it("a file in the way", async () => {
    const dir = makeTempDir("m");
    writeFileSync(join(dir, "a"), "");
    await expect(makeFolder(join(dir, "a"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(makeFolder(join(dir, "a/b"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  it.runIf(process.platform === "linux")("what cannot be made ends", async () => {
    await expect(makeFolder("/proc/self/fdinfo/x/y")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
