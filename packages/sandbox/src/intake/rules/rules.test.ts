import { describe, expect, it } from "vitest";

import type { Change, TreeEntry } from "../changes.js";
import { fold } from "../fold.js";
import { CHANGE_RULES } from "./index.js";
import { escapeOf } from "./links.js";
import { nameClashes } from "./names.js";
import type { RuleContext } from "./rule.js";
import { needles, secretsIn, SecretReader } from "./secrets.js";

const SHA = "1".repeat(40);

function added(path: string, more: Partial<Change> = {}): Change {
  return {
    path,
    folded: fold(path),
    status: "A",
    oldMode: "000000",
    newMode: "100644",
    newSha: SHA,
    commit: null,
    ...more,
  };
}

function rulesFor(change: Change, more: Partial<RuleContext> = {}): string[] {
  const context = { hookPaths: [], sizeOf: () => 1, hugeBlobBytes: 100, ...more };
  return CHANGE_RULES.filter(({ check }) => check(change, context) !== null).map(
    ({ rule }) => rule,
  );
}

describe("rules over one change", () => {
  it.each([
    ["src/index.ts", []],
    ["husky/notes.md", []],
    ["scripts/build.sh", []],
    ["web/scripts/setup.sh", []],
    ["docs/claude.md", []],
    ["CLAUDE.md", []],
    [".github/ISSUE_TEMPLATE.md", []],
    [".gitignore", []],
    [".husky/pre-commit", ["hook-path"]],
    ["a/.HUSKY/_/husky.sh", ["hook-path"]],
    ["scripts/setup", ["setup-script"]],
    ["scripts/init-db.sh", ["setup-script"]],
    [".cco/config.json", ["cco-config"]],
    [".claude/settings.json", ["agent-config"]],
    ["x/.cursor/mcp.json", ["agent-config"]],
    [".gitmodules", ["gitmodules"]],
    ["a/.gitattributes", ["gitattributes"]],
    [".lfsconfig", ["lfs-config"]],
    [".github/workflows/x.yml", ["ci-config"]],
    [".vscode/settings.json", ["editor-config"]],
    [".git/config", ["illegal-name"]],
    ["a/.GIT./x", ["illegal-name"]],
    ["GIT~1/x", ["illegal-name"]],
    [".git::$INDEX_ALLOCATION/x", ["illegal-name"]],
    ["a/../b", ["illegal-name"]],
    ["a\u0007b", ["control-characters"]],
    ["bad\ufffdutf8", ["control-characters"]],
  ])("%j: %j", (path, rules) => {
    expect(rulesFor(added(path))).toEqual(rules);
  });

  it("looks at modes and sizes", () => {
    expect(rulesFor(added("x", { newMode: "100755" }))).toEqual(["new-executable"]);
    expect(rulesFor(added("x", { newMode: "160000" }))).toEqual(["gitlink"]);
    expect(rulesFor(added("x", { oldMode: "100644", newMode: "100755" }))).toEqual(["mode-change"]);
    expect(rulesFor(added("x"), { sizeOf: () => 101 })).toEqual(["huge-blob"]);
  });

  it("counts the host's own core.hooksPath as a hook folder", () => {
    expect(rulesFor(added("Tools/Hooks/x"), { hookPaths: ["tools/hooks"] })).toEqual(["hook-path"]);
    expect(rulesFor(added("tools/hooks2/x"), { hookPaths: ["tools/hooks"] })).toEqual([]);
  });

  it("says nothing of a deletion, unless that takes something away", () => {
    const gone = { status: "D", oldMode: "100644", newMode: "000000" };
    expect(rulesFor(added(".husky/x", gone))).toEqual([]);
    expect(rulesFor(added(".github/workflows/x.yml", gone))).toEqual(["ci-config"]);
  });
});

describe("escapeOf", () => {
  const links = new Map([
    ["up/top", ".."],
    ["deep/a/b", "../.."],
    ["abs", "/etc"],
    ["one", "two"],
    ["two", "one"],
  ]);

  it.each([
    ["x", "y"],
    ["a/x", "../y"],
    ["a/b/x", "../../y/./z"],
    ["x", "up/top/y"],
    ["x", "one/y"],
    ["x", ".github/x"],
    ["x", "a/.git2"],
    ["x", ""],
  ])("%s -> %j stays inside", (path, target) => {
    expect(escapeOf(path, target, links)).toBeNull();
  });

  it.each([
    ["x", ".."],
    ["x", "../x"],
    ["a/x", "../../x"],
    ["x", "/"],
    ["x", "a/../../x"],
    ["x", ".git"],
    ["x", "a/.GIT/config"],
    ["x", "up/top/../x"],
    ["x", "deep/a/b/../x"],
    ["x", "abs/passwd"],
    ["x", "c:/windows"],
    ["x", "a\0b"],
    ["x", "a/".repeat(3_000)],
  ])("%s -> %j leaves", (path, target) => {
    expect(escapeOf(path, target, links)).not.toBeNull();
  });
});

describe("nameClashes", () => {
  const entry: TreeEntry = { mode: "100644", sha: SHA };
  const clashes = (tree: readonly string[], news: readonly string[]): [string, string][] => {
    const tip = new Map([...tree, ...news].map((path) => [path, entry]));
    return [
      ...nameClashes(
        news.map((path) => added(path)),
        tip,
      ),
    ];
  };

  it("sees files and folders, old and new", () => {
    expect(clashes(["README"], ["readme"])).toEqual([["readme", "README"]]);
    expect(clashes(["src/a"], ["SRC/b"])).toEqual([["SRC/b", "src"]]);
    expect(clashes(["x"], ["a", "A"])).toEqual([["A", "a"]]);
    expect(clashes(["src/a"], ["src/b"])).toEqual([]);
    expect(clashes(["a", "A"], ["b"])).toEqual([]);
  });
});

describe("secrets", () => {
  const value = "sk-0123456789";
  const wanted = needles([
    { name: "KEY", value },
    { name: "SHORT", value: "abc" },
  ]);

  it.each([
    ["plain", `x${value}y`],
    ["base64", Buffer.from(value).toString("base64")],
    ["base64, shifted by one", Buffer.from(`.${value}.`).toString("base64")],
    ["base64, shifted by two", Buffer.from(`..${value}..`).toString("base64")],
  ])("are found: %s", (_name, text) => {
    expect(secretsIn(Buffer.from(text), wanted)).toEqual(["KEY"]);
  });

  it("are found across chunks, in the right object", () => {
    const reader = new SecretReader(wanted);
    for (const [sha, text] of [
      ["one", "sk-0123"],
      ["two", `456789 ${value}`],
    ] as const) {
      reader.begin(sha);
      for (const letter of text) reader.data(Buffer.from(letter));
      reader.end();
    }
    expect([...reader.found]).toEqual([["two", new Set(["KEY"])]]);
  });
});
