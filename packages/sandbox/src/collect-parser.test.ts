import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { CollectParser, CollectStreamError } from "./collect-parser.js";

let folder: string;
let enough: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cco-parser-"));
  enough = false;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Feed a stream in pieces of `size` bytes. */
async function parse(input: string, size = 1 << 16, maxBytes = 1000): Promise<CollectParser> {
  const parser = new CollectParser(folder, maxBytes, () => {
    enough = true;
  });
  const bytes = Buffer.from(input, "latin1");
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  await pipeline(Readable.from(pieces), parser);
  return parser;
}

const failure = (input: string): Promise<unknown> =>
  parse(input).then(
    () => "no error",
    (error: unknown) => error,
  );

describe("a whole stream", () => {
  const stream =
    "cco-collect 1\nfact head abc\nfile result.bundle 5\na\nb\ncfact salvage made\n" +
    "file salvage.bundle 0\nfact nested in side\nend\n";

  test.each([1, 2, 7, 1 << 16])("in pieces of %i bytes", async (size) => {
    const parser = await parse(stream, size);
    expect(parser.complete).toBe(true);
    expect(parser.facts.get("head")).toBe("abc");
    expect(parser.nested).toEqual(["in side"]);
    expect(readFileSync(join(folder, "result.bundle"), "latin1")).toBe("a\nb\nc");
    expect(parser.files.get("result.bundle")).toEqual({
      size: 5,
      sha256: "ea7fb08b7a2dc4619ffb7c7bb38d95a2047935fa165d71b12efd3852a2e6d0cc",
    });
    expect(parser.files.get("salvage.bundle")?.size).toBe(0);
    expect(statSync(join(folder, "result.bundle")).mode & 0o777).toBe(0o600);
  });

  test("whose last file goes on to the end", async () => {
    const parser = await parse("cco-collect 1\nrest result.bundle\nend\nfile x 1\n", 3);
    expect(parser.complete).toBe(true);
    expect(readFileSync(join(folder, "result.bundle"), "latin1")).toBe("end\nfile x 1\n");
  });
});

test.each([
  "",
  "cco-collect 1\n",
  "cco-collect 1\nfile result.bundle 5\nabc",
  "cco-collect 1\nfile result.bundle 5\nabcde",
  "cco-collect 1\nen",
])("a cut stream is not complete: %j", async (input) => {
  expect((await parse(input)).complete).toBe(false);
});

test.each([
  ["no header", "hello\n"],
  ["another version", "cco-collect 2\n"],
  ["a file of another name", "cco-collect 1\nfile ../../evil 1\n"],
  ["a file twice", "cco-collect 1\nfile result.bundle 0\nfile result.bundle 0\n"],
  ["a negative size", "cco-collect 1\nfile result.bundle -1\n"],
  ["a size in another notation", "cco-collect 1\nfile result.bundle 0x10\n"],
  ["an unknown fact", "cco-collect 1\nfact evil 1\n"],
  ["an unknown line", "cco-collect 1\nrun rm\n"],
  ["something after the end", "cco-collect 1\nend\nfact head x\n"],
  ["an endless line", `cco-collect 1\nfact head ${"x".repeat(10_000)}`],
])("malformed: %s", async (_name, input) => {
  const error = await failure(input);
  expect(error).toBeInstanceOf(CollectStreamError);
  expect(error).toMatchObject({ kind: "malformed" });
});

test("a result over the cap is refused by what it says and by what it is", async () => {
  expect(await failure("cco-collect 1\nfile result.bundle 1001\n")).toMatchObject({
    kind: "too-big",
  });
  const endless = `cco-collect 1\nrest result.bundle\n${"x".repeat(1001)}`;
  expect(await failure(endless)).toMatchObject({ kind: "too-big" });
});

test("a salvage over the cap is left where it is; the result stays", async () => {
  const parser = await parse(
    `cco-collect 1\nfile result.bundle 1\nafile salvage.bundle 1001\n${"x".repeat(1001)}end\n`,
  );
  expect(parser).toMatchObject({ salvageTooBig: true, complete: true });
  expect(enough).toBe(true);
  expect(readdirSync(folder)).toEqual(["result.bundle"]);
});
