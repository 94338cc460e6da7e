import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";

import { setupStream, type SetupFiles } from "./guest-files.js";
import { excludePattern } from "./guest-setup.js";

let folder: string;
let files: SetupFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cco-setup-"));
  const bundleFile = join(folder, "x.bundle");
  writeFileSync(bundleFile, Buffer.alloc(200_000, 7));
  files = { bundleFile, shallow: ["a", "b"], plan: Buffer.from("# Plan"), home: [] };
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function entries(stream: NodeJS.ReadableStream): Promise<[string, number, string][]> {
  const found: [string, number, string][] = [];
  const archive = extract();
  stream.pipe(archive);
  for await (const entry of archive) {
    const content = await buffer(entry);
    found.push([entry.header.name, entry.header.mode, content.toString().slice(0, 10)]);
  }
  return found;
}

test("one stream with everything, and last of all the mark that it is whole", async () => {
  const home = [{ path: ".x/run", content: "go", mode: 0o755 }];
  expect(await entries(await setupStream({ ...files, home }))).toEqual([
    ["input.bundle", 0o600, "\u0007".repeat(10)],
    ["shallow", 0o644, "a\nb\n"],
    ["plan", 0o644, "# Plan"],
    ["home/.x/run", 0o755, "go"],
    ["complete", 0o644, ""],
  ]);
});

test.each(["/etc/passwd", "../x", "a/../../x", "a//b", ""])(
  "a file that is not in the home ends the stream: %j",
  async (path) => {
    const stream = await setupStream({ ...files, home: [{ path, content: "" }] });
    await expect(buffer(stream)).rejects.toThrow("not a path in the guest's home");
  },
);

test("a bundle that is gone is said at once", async () => {
  await expect(setupStream({ ...files, bundleFile: join(folder, "no") })).rejects.toThrow("ENOENT");
});

test("a line of info/exclude names one path", () => {
  expect(excludePattern("docs/plan.md")).toBe("/docs/plan.md");
  expect(excludePattern("a [b]*?!# .md")).toBe("/a\\ \\[b\\]\\*\\?\\!\\#\\ .md");
});
