import { describe, expect, it } from "vitest";

import { DiffParser } from "./changes.js";
import { history, parseCommit } from "./commits.js";
import { IntakeError } from "./errors.js";
import { bytes, DEFAULT_LIMITS, limitsOf } from "./limits.js";
import { parseFolder } from "./tree-sizes.js";

const A = "a".repeat(40);
const B = "b".repeat(40);
const ZERO = "0".repeat(40);

describe("DiffParser", () => {
  const feed = (parser: DiffParser, ...records: string[]): DiffParser => {
    for (const record of records) parser.record(Buffer.from(record));
    return parser;
  };

  it("tells the result's changes from those of commits", () => {
    const parser = feed(
      new DiffParser(DEFAULT_LIMITS),
      `${A} ${B}\n:100644 100755 ${A} ${B} M`,
      "both",
      `:000000 100644 ${ZERO} ${B} A`,
      ":odd name",
      A,
      `:000000 120000 ${ZERO} ${B} A`,
      "link",
      B,
      `:120000 000000 ${B} ${ZERO} D`,
      "link",
    );
    expect(parser.result.map(({ path, status }) => [path, status])).toEqual([
      ["both", "M"],
      [":odd name", "A"],
    ]);
    expect([...parser.inCommits.values()]).toMatchObject([{ path: "link", commit: A }]);
  });

  it("reads a pair of equal trees", () => {
    expect(feed(new DiffParser(DEFAULT_LIMITS), `${A} ${B}\n${A}`).result).toEqual([]);
  });

  it("stops at its limits", () => {
    const record = `:000000 100644 ${ZERO} ${B} A`;
    const few = limitsOf({ maxChanges: 1, maxPathLength: 3 });
    expect(() => feed(new DiffParser(few), record, "a", record, "b")).toThrow(IntakeError);
    expect(() => feed(new DiffParser(few), record, "long")).toThrow(IntakeError);
  });
});

describe("parseCommit", () => {
  it("reads tree, parents and what people see", () => {
    const raw = `tree ${A}\nparent ${B}\nparent ${A}\nauthor X <x@y> 1 +0000\ncommitter X <x@y> 1 +0000\ngpgsig x\n\nparent no\n`;
    expect(parseCommit("c", Buffer.from(raw))).toMatchObject({
      tree: A,
      parents: [B, A],
      text: "author X <x@y> 1 +0000\ncommitter X <x@y> 1 +0000\nparent no\n",
    });
    expect(() => parseCommit("c", Buffer.from("no tree\n\n"))).toThrow(IntakeError);
  });

  it("follows a history to where it is not new", () => {
    const commit = (sha: string, ...parents: string[]) =>
      [
        sha,
        parseCommit(
          sha,
          Buffer.from(`tree ${A}\n${parents.map((p) => `parent ${p}\n`).join("")}\n`),
        ),
      ] as const;
    const commits = new Map([commit(A, B, ZERO), commit(B, ZERO)]);
    expect(history(commits, A)).toEqual({ commits: new Set([A, B]), boundary: new Set([ZERO]) });
    expect(history(commits, ZERO)).toEqual({ commits: new Set(), boundary: new Set([ZERO]) });
  });
});

describe("parseFolder", () => {
  it("counts files and names folders", () => {
    const entry = (mode: string, name: string, id: string): Buffer =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]);
    const tree = Buffer.concat([
      entry("100644", "x", A),
      entry("40000", "y", B),
      entry("120000", "z", A),
    ]);
    expect(parseFolder(tree, 20)).toEqual({ files: 2, folders: [B] });
    expect(parseFolder(tree.subarray(0, -1), 20)).toEqual({ files: 1, folders: [B] });
  });
});

describe("limits", () => {
  it("are the defaults where nothing is said", () => {
    expect(limitsOf({ maxObjects: 5, maxTreeDepth: undefined })).toEqual({
      ...DEFAULT_LIMITS,
      maxObjects: 5,
    });
  });

  it("are named as people read them", () => {
    expect([bytes(5), bytes(1536), bytes(1024 ** 3)]).toEqual(["5 bytes", "1.5 KiB", "1.0 GiB"]);
  });
});
