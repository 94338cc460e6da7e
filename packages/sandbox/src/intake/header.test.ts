import { describe, expect, it } from "vitest";

import { IntakeError } from "./errors.js";
import { parseHeader } from "./header.js";
import { isRefName } from "./ref-name.js";

const A = "a".repeat(40);
const B = "b".repeat(40);

function parse(...lines: string[]) {
  return parseHeader(Buffer.from(lines.join("\n")), 7);
}

describe("parseHeader", () => {
  it("reads version 2", () => {
    expect(
      parse(
        "# v2 git bundle",
        `-${A} some subject`,
        `-${B}`,
        `${B} HEAD`,
        `${B} refs/heads/x`,
        `${A} refs/tags/t`,
      ),
    ).toEqual({
      objectFormat: "sha1",
      prerequisites: [A, B],
      head: B,
      heads: [{ name: "refs/heads/x", sha: B }],
      droppedTags: ["t"],
      packOffset: 7,
    });
  });

  it("reads version 3 with long ids", () => {
    const long = "c".repeat(64);
    const header = parse("# v3 git bundle", "@object-format=sha256", `${long} refs/heads/x`);
    expect(header).toMatchObject({ objectFormat: "sha256", head: null });
  });

  it.each([
    [["# v1 git bundle", `${A} HEAD`]],
    [["# v2 git bundle"]],
    [["# v2 git bundle", `-${A} x`]],
    [["# v2 git bundle", "@object-format=sha1", `${A} HEAD`]],
    [["# v3 git bundle", "@object-format=md5", `${A} HEAD`]],
    [["# v3 git bundle", "@filter=tree:0", `${A} HEAD`]],
    [["# v2 git bundle", `${A} HEAD`, `-${B} x`]],
    [["# v2 git bundle", `${A}HEAD`]],
    [["# v2 git bundle", `${A.slice(1)} HEAD`]],
    [["# v2 git bundle", `${A} HEAD`, `${A} HEAD`]],
    [["# v2 git bundle", `${A} refs/notes/x`]],
    [["# v2 git bundle", A]],
    [["# v2 git bundle", "", `${A} HEAD`]],
    [["# v2 git bundle", ...Array.from({ length: 10_001 }, () => `-${A}`), `${A} HEAD`]],
  ])("refuses %j", (lines) => {
    expect(() => parse(...lines)).toThrow(IntakeError);
  });
});

describe("isRefName", () => {
  it.each(["HEAD", "refs/heads/main", "refs/heads/feat/x", "refs/heads/ünï", "refs/tags/v1.0"])(
    "takes %j",
    (name) => {
      expect(isRefName(name)).toBe(true);
    },
  );

  it.each([
    "",
    "main",
    "refs/",
    "refs/heads",
    "refs/heads/",
    "refs/heads/.x",
    "refs/heads/x/.y",
    "refs/heads/x.lock",
    "refs/heads/x.lock/y",
    "refs/heads/x..y",
    "refs/heads/x//y",
    "refs/heads/x.",
    "refs/heads/-x",
    "refs/heads/x y",
    "refs/heads/x~1",
    "refs/heads/x^",
    "refs/heads/x:y",
    "refs/heads/x?",
    "refs/heads/x*",
    "refs/heads/x[",
    "refs/heads/x\\y",
    "refs/heads/x@{1}",
    "refs/heads/x\u0000",
    "refs/heads/x\u007f",
    `refs/heads/${"x".repeat(2_000)}`,
  ])("refuses %j", (name) => {
    expect(isRefName(name)).toBe(false);
  });
});
