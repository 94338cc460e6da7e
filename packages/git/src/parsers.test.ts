import { describe, expect, it } from "vitest";

import { bundleHeader } from "./bundle-header.js";
import { parseNul, parseRecords } from "./parse.js";
import { parseRawNumstat } from "./parse-diff.js";
import { parseStatus } from "./parse-status.js";
import { parseWorktrees } from "./parse-worktrees.js";

const A = "a".repeat(40);
const B = "b".repeat(40);
const ZERO = "0".repeat(40);

function lines(...values: string[]): Buffer {
  return Buffer.from(values.map((value) => `${value}\0`).join(""));
}

describe("records", () => {
  it("keeps line breaks inside a field and drops those between records", () => {
    const output = Buffer.from("a\0b\nc\0\nd\0\0\n");
    expect(parseRecords(output, 2)).toEqual([
      ["a", "b\nc"],
      ["d", ""],
    ]);
    expect(parseRecords(Buffer.alloc(0), 2)).toEqual([]);
  });

  it("splits at NUL", () => {
    expect(parseNul(lines("a", "", "b"))).toEqual(["a", "", "b"]);
    expect(parseNul(Buffer.alloc(0))).toEqual([]);
  });
});

describe("git diff-tree --raw --numstat -z (2.39)", () => {
  it("joins both lists by path", () => {
    const output = lines(
      `:100644 100644 ${A} ${B} M`,
      "tab\there",
      `:000000 120000 ${ZERO} ${B} A`,
      "link",
      "3\t1\ttab\there",
      "-\t-\tlink",
    );
    const at = (path: string) => parseRawNumstat(output).find((change) => change.path === path);
    expect(at("tab\there")).toMatchObject({ status: "M", added: 3, removed: 1, oldSha: A });
    expect(at("link")).toMatchObject({ status: "A", added: null, removed: null });
  });

  it("refuses what it was not asked for", () => {
    const renamed = lines(`:100644 100644 ${A} ${A} R100`, "old", "new");
    expect(() => parseRawNumstat(renamed)).toThrow("unexpected diff record");
  });
});

describe("git status --porcelain=v2 -z (2.39)", () => {
  it("counts and names", () => {
    const output = lines(
      `1 .M N... 100644 100644 100644 ${A} ${A} a b`,
      `2 R. N... 100644 100644 100644 ${A} ${A} R100 new name`,
      "old name",
      `u UU N... 100644 100644 100644 100644 ${A} ${A} ${A} both`,
      "? dir/",
    );
    expect(parseStatus(output)).toEqual({
      dirty: true,
      modified: 3,
      untracked: 1,
      entries: [
        { kind: "modified", path: "a b" },
        { kind: "modified", path: "new name" },
        { kind: "conflicted", path: "both" },
        { kind: "untracked", path: "dir/" },
      ],
    });
  });

  it("is clean when nothing is printed", () => {
    expect(parseStatus(Buffer.alloc(0))).toMatchObject({ dirty: false, modified: 0, untracked: 0 });
  });
});

describe("git worktree list --porcelain -z (2.39)", () => {
  it("tells bare, unborn, locked and prunable apart", () => {
    const output = lines(
      ...["worktree /srv/p.git", "bare", ""],
      ...["worktree /w/a b", `HEAD ${ZERO}`, "branch refs/heads/feat/x", ""],
      ...["worktree /w/c", `HEAD ${A}`, "detached", "locked", "prunable gone", ""],
    );
    const nothing = { commit: null, branch: null, locked: null, prunable: null };
    expect(parseWorktrees(output)).toEqual([
      { ...nothing, path: "/srv/p.git", bare: true, detached: false },
      { ...nothing, path: "/w/a b", branch: "feat/x", bare: false, detached: false },
      {
        path: "/w/c",
        commit: A,
        branch: null,
        bare: false,
        detached: true,
        locked: "",
        prunable: "gone",
      },
    ]);
  });
});

describe("a bundle's header", () => {
  it("is version 2 where it can be", () => {
    const refs = [{ sha: A, name: "refs/heads/main" }];
    expect(bundleHeader({ objectFormat: "sha1", prerequisites: [B], refs })).toBe(
      `# v2 git bundle\n-${B} \n${A} refs/heads/main\n\n`,
    );
  });

  it("names another object format", () => {
    expect(bundleHeader({ objectFormat: "sha256", prerequisites: [], refs: [] })).toBe(
      "# v3 git bundle\n@object-format=sha256\n\n",
    );
  });

  it("holds no name that would be more than one", () => {
    const refs = [{ sha: A, name: "refs/heads/x\n# y" }];
    expect(() => bundleHeader({ objectFormat: "sha1", prerequisites: [], refs })).toThrow(
      TypeError,
    );
  });
});
