import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { requireCompiled } from "./compiled.js";

describe("a file that is run with kept code", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cco-compiled-"));
    await writeFile(join(folder, "main.cjs"), "exports.sum = (a, b) => a + b;");
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** What a process does: it runs the file, calls its function and ends. */
  function process_({
    hash = "a",
    purpose = "ls",
    cache = join(folder, "cache"),
    code = 0,
  } = {}): number {
    const before = process.listeners("exit");
    const require = createRequire(import.meta.url);
    const options = { file: join(folder, "main.cjs"), hash, purpose, folder: cache, require };
    const { sum } = requireCompiled(options) as { sum: (a: number, b: number) => number };
    const three = sum(1, 2);
    for (const listener of process.listeners("exit").filter((one) => !before.includes(one))) {
      process.off("exit", listener);
      listener(code);
    }
    return three;
  }

  async function kept(): Promise<string[]> {
    const names = await readdir(join(folder, "cache"));
    return names.map((name) => join(folder, "cache", name));
  }

  it("keeps it at its end for those that follow, for its owner alone", async () => {
    expect(process_()).toBe(3);
    const [path = ""] = await kept();
    const { mode, ino } = await stat(path);
    expect(mode & 0o777).toBe(0o600);
    expect(process_()).toBe(3);
    expect(await kept()).toEqual([path]);
    expect((await stat(path)).ino).toBe(ino);
  });

  it.each([
    ["damaged", (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -8), Buffer.alloc(8, 0x5a)])],
    ["cut", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ["empty", () => Buffer.alloc(0)],
  ])("code that is %s is not run, and made anew", async (_how, change) => {
    process_();
    const [path = ""] = await kept();
    const good = await readFile(path);
    await writeFile(path, change(good));
    expect(process_()).toBe(3);
    expect((await readFile(path)).length).toBe(good.length);
  });

  it("code that others could have written is not taken", async () => {
    process_();
    const [path = ""] = await kept();
    const { ino } = await stat(path);
    await chmod(path, 0o666);
    expect(process_()).toBe(3);
    const now = await stat(path);
    expect(now.ino).not.toBe(ino);
    expect(now.mode & 0o777).toBe(0o600);
  });

  it("another file's is not taken, and few are kept", async () => {
    for (let i = 0; i < 34; i++) expect(process_({ hash: String(i) })).toBe(3);
    expect(await kept()).toHaveLength(32);
  });

  it("each command has its own, kept where it ended well", async () => {
    process_({ purpose: "ls" });
    process_({ purpose: "add" });
    process_({ purpose: "adf", code: 2 });
    const names = (await kept()).map((path) => basename(path));
    expect(names.sort()).toEqual(
      [/^a-add-v/, /^a-ls-v/].map((name) => expect.stringMatching(name) as unknown),
    );
  });

  it("a folder that cannot be made is no failure", async () => {
    expect(process_({ cache: join(folder, "main.cjs", "cache") })).toBe(3);
    expect(await readdir(folder)).toEqual(["main.cjs"]);
  });
});
