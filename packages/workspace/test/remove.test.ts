import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { TestRepo } from "../../../test/support/repo.js";
import { RemoveRefusedError, type RemoveOptions } from "../src/index.js";
import { Fixture, session, until, withWorkspace } from "./fixture.js";

describe("nothing is lost", () => {
  type Case = [string, RemoveOptions, (f: Fixture, git: TestRepo) => void, string, RegExp];
  const cases: Case[] = [
    [
      "uncommitted",
      {},
      (_f, git) => {
        git.write({ "README.md": "edited" });
      },
      "uncommitted",
      /1 uncommitted file: README.md/,
    ],
    [
      "untracked",
      {},
      (_f, git) => {
        git.write({ "a 1": "", "b/c": "", d: "", e: "" });
      },
      "untracked",
      /4 untracked files: a 1, b\/, d, …/,
    ],
    [
      "unmerged",
      { deleteBranch: "merged" },
      (_f, git) => git.commit({ a: "1" }),
      "unmerged",
      /1 commit is not merged/,
    ],
    [
      "running",
      {},
      (f) => (f.sessions = [session(f, "running")]),
      "running-session",
      /session 7f3a9c21 is running/,
    ],
    [
      "unpulled",
      {},
      (f) => (f.sessions = [session(f, "failed")]),
      "unpulled-work",
      /session 7f3a9c21 is not pulled/,
    ],
    [
      "locked",
      {},
      (_f, git) => git.git("worktree", "lock", "--reason", "on a stick", "."),
      "locked",
      /on a stick/,
    ],
    [
      "operation",
      {},
      (_f, git) => git.git("bisect", "start"),
      "operation",
      /a bisect is under way/,
    ],
  ];

  test.each(cases)("%s", async (_name, options, prepare, reason, detail) => {
    const { f, w, worktree, git, repo } = await withWorkspace();
    prepare(f, git);
    const error = await w.remove(repo, ["x"], options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RemoveRefusedError);
    expect(error).toMatchObject({
      code: "REMOVE_REFUSED",
      refusals: [{ branch: "x", reason, detail: expect.stringMatching(detail) as string }],
      hint: expect.stringContaining("cco rm --force x") as string,
    });
    expect(existsSync(worktree)).toBe(true);
    expect(f.windows()).toEqual(["cco-api:x"]);

    const [removed] = await w.remove(repo, ["x"], { ...options, force: true });
    expect(removed).toMatchObject({ worktree, window: true });
    expect(existsSync(worktree)).toBe(false);
    expect(f.windows()).toEqual([""]);
    expect(f.git.git("worktree", "list").split("\n")).toHaveLength(1);
    expect(removed?.branchDeleted).toBe(options.deleteBranch !== undefined);
  });

  test("all are checked before the first is removed", async () => {
    const { f, w, worktree, repo } = await withWorkspace();
    const y = await w.add(repo, "y");
    writeFileSync(join(y.worktree, "new"), "");
    await expect(w.remove(repo, ["x", "y"])).rejects.toMatchObject({
      message: "not removed, it would be lost: y: 1 untracked file: new",
    });
    expect(existsSync(worktree)).toBe(true);
    await expect(w.remove(repo, ["x", "nope"])).rejects.toMatchObject({
      code: "NO_WORKSPACE_WINDOW",
    });
    expect(f.windows()).toHaveLength(2);
  });

  test("in bulk, what is refused is kept and named", async () => {
    const { f, w, git, worktree, repo } = await withWorkspace();
    await w.add(repo, "y");
    git.write({ new: "" });
    const removed = await w.remove(repo, ["x", "y"], { skipRefused: true });
    expect(removed.map(({ branch }) => branch)).toEqual(["y"]);
    expect(f.events).toContainEqual({ type: "note", text: "kept x: 1 untracked file: new" });
    expect(existsSync(worktree)).toBe(true);
    expect(f.windows()).toEqual(["cco-api:x"]);
  });

  test("ended and pulled, lost or other sessions do not hinder", async () => {
    const { f, w, repo } = await withWorkspace();
    f.sessions = [
      session(f, "succeeded", true),
      session(f, "lost"),
      { ...session(f, "running"), branch: "other" },
      { ...session(f, "running"), repo: "/other" },
    ];
    expect(await w.remove(repo, ["x"])).toMatchObject([{ window: true, branchDeleted: false }]);
  });

  test("an untouched carried file is not untracked work, an edited one is", async () => {
    const f = new Fixture();
    f.git.write({ ".claude/settings.local.json": "{}" });
    const { w, git, repo, worktree } = await withWorkspace(f);
    git.write({ ".claude/settings.local.json": "{ }" });
    await expect(w.remove(repo, ["x"])).rejects.toMatchObject({
      refusals: [{ detail: "1 untracked file: .claude/settings.local.json" }],
    });
    git.write({ ".claude/settings.local.json": "{}" });
    await w.remove(repo, ["x"]);
    expect(existsSync(worktree)).toBe(false);
    expect(existsSync(f.git.path(".claude/settings.local.json"))).toBe(true);
  });

  test("what cco did not make is never removed", async () => {
    const { f, w, repo } = await withWorkspace();
    const own = join(f.dir, "own");
    f.git.git("worktree", "add", "-q", "-b", "mine", own);
    for (const branch of ["mine", "main"]) {
      await expect(w.remove(repo, [branch], { force: true })).rejects.toMatchObject({
        refusals: [{ reason: "not-ours", forcible: false }],
      });
    }
    await w.add(repo, "mine", { here: true });
    expect(await w.remove(repo, ["mine"])).toMatchObject([{ worktree: null, window: true }]);
    expect(existsSync(own)).toBe(true);
  });
});

describe("branches", () => {
  test.each([
    ["merged", true],
    ["always", false],
  ] as const)("-d and -D: %s", async (deleteBranch, merged) => {
    const { f, w, git, repo } = await withWorkspace();
    git.commit({ a: "1" });
    if (merged) f.git.git("merge", "-q", "--no-ff", "x");
    expect(await w.remove(repo, ["x"], { deleteBranch })).toMatchObject([{ branchDeleted: true }]);
    expect(f.git.git("branch", "--list", "x")).toBe("");
  });

  test("a branch alone can be deleted, and is refused if unmerged", async () => {
    const f = new Fixture();
    f.git.git("branch", "gone");
    f.git.git("checkout", "-q", "-b", "work");
    f.git.commit({ a: "1" });
    f.git.git("checkout", "-q", "main");
    const w = f.workspaces();
    expect(await w.remove(await f.repo(), ["gone"], { deleteBranch: "merged" })).toMatchObject([
      { branch: "gone", worktree: null, window: false, branchDeleted: true },
    ]);
    const work = w.remove(await f.repo(), ["work"], { deleteBranch: "merged" });
    await expect(work).rejects.toMatchObject({ refusals: [{ reason: "unmerged" }] });
  });

  test("merged ones: used, and in the main worktree's branch", async () => {
    const f = new Fixture();
    const w = f.workspaces();
    const repo = await f.repo();
    const origin = join(f.dir, "origin.git");
    f.git.git("clone", "-q", "--bare", f.git.dir, origin);
    f.git.git("remote", "add", "origin", origin);
    for (const name of ["fresh", "done", "open", "pushed"]) await w.add(repo, name);
    for (const name of ["done", "open", "pushed"]) {
      new TestRepo(f.worktrees("api", `api-${name}`), f.env).commit({ [name]: "1" });
    }
    f.git.git("push", "-q", "-u", "origin", "pushed");
    f.git.git("merge", "-q", "--no-ff", "done");
    f.git.git("branch", "done-without-worktree", "done");
    expect(await w.merged(repo)).toEqual(["done"]);
    // What is pushed is safe all the same.
    expect(await w.remove(repo, ["pushed"], { deleteBranch: "merged" })).toMatchObject([
      { branchDeleted: true, branchTip: f.git.git("rev-parse", "origin/pushed") },
    ]);
  });

  /** How a branch of two commits on one file gets into main, and whether nothing of it is missing there. */
  test.each<[string, boolean, (f: Fixture, git: TestRepo) => void]>([
    ["squashed", true, (f) => squash(f)],
    [
      "squashed, and the same lines changed since",
      true,
      (f) => {
        squash(f);
        f.git.commit({ file: "quite\nanother\n" });
      },
    ],
    [
      "squashed after a change beside it",
      true,
      (f) => {
        f.git.commit({ file: `zero\n${LINES}` });
        squash(f);
      },
    ],
    ["rebased", true, (f) => f.git.git("cherry-pick", "main..x")],
    ["the first commit only", false, (f) => f.git.git("cherry-pick", "x~1")],
    [
      "squashed, and one commit more",
      false,
      (f, git) => {
        squash(f);
        git.commit({ file: `${LINES}six\nseven\neight\n` });
      },
    ],
    [
      "nothing in the end",
      false,
      (_f, git) => {
        git.git("revert", "--no-edit", "HEAD~2..HEAD");
      },
    ],
    [
      "a merge driver that drops it",
      false,
      (f) => {
        f.git.commit({ ".gitattributes": "file merge=keep\n", file: `zero\n${LINES}` });
        f.git.git("config", "merge.keep.driver", "true");
      },
    ],
    [
      "a merge with a change of its own",
      false,
      (f, git) => {
        f.git.git("cherry-pick", "main..x");
        f.git.commit({ other: "1" });
        git.git("merge", "-q", "--no-commit", "-s", "ours", "main");
        git.write({ file: `${LINES}six\nseven\n`, more: "by the merge" });
        git.git("add", "-A");
        git.git("commit", "-q", "--no-edit");
      },
    ],
  ])("in main %s: %s", async (_how, safe, bring) => {
    const { f, w, git, repo } = await withWorkspace(new Fixture({ files: { file: LINES } }));
    git.commit({ file: `${LINES}six\n` });
    git.commit({ file: `${LINES}six\nseven\n` });
    bring(f, git);
    const tip = git.git("rev-parse", "HEAD");
    expect(await w.merged(repo)).toEqual(safe ? ["x"] : []);
    const removal = w.remove(repo, ["x"], { deleteBranch: "merged" });
    if (safe) expect(await removal).toMatchObject([{ branchTip: tip }]);
    else await expect(removal).rejects.toMatchObject({ refusals: [{ reason: "unmerged" }] });
    expect(f.git.git("branch", "--list", "x", "--format=%(objectname)")).toBe(safe ? "" : tip);
  });
});

const LINES = "one\ntwo\nthree\nfour\nfive\n";

function squash(f: Fixture): void {
  f.git.git("merge", "-q", "--squash", "x");
  f.git.git("commit", "-qm", "squashed");
}

describe("where the caller stands", () => {
  test.each([".", "deep/er"])("its folder %s stays, empty", async (where) => {
    const { f, w, git, worktree, repo } = await withWorkspace();
    git.commit({ "deep/er/file": "1", "deep/other": "2" });
    const shellDir = join(worktree, where);
    const inside = await f.repo(shellDir);
    const [removed] = await w.remove(inside, ["x"], { shellDir });
    expect(removed).toMatchObject({ worktree, leaveTo: f.git.dir });
    expect(readdirSync(shellDir)).toEqual([]);
    expect(f.git.git("worktree", "list").split("\n")).toHaveLength(1);
    expect((await w.add(repo, "x")).worktree).toBe(worktree);
  });

  test("in the window itself: it closes after the answer", async () => {
    const { f, w, repo } = await withWorkspace();
    await w.add(repo, "y");
    const pane = f.tmux("list-panes", "-t", "@0", "-F", "#{pane_id}");
    const inside = f.workspaces({ env: { ...f.env, TMUX_PANE: pane } });
    expect(await inside.remove(repo, ["x"])).toMatchObject([{ window: true }]);
    await until(() => f.windows().join() === "cco-api:y");
  });

  test("a worktree deleted by hand", async () => {
    const { f, w, worktree, repo } = await withWorkspace();
    rmSync(worktree, { recursive: true });
    expect(await w.remove(repo, ["x"])).toMatchObject([{ worktree, window: true }]);
    expect(f.git.git("worktree", "list").split("\n")).toHaveLength(1);
  });
});
