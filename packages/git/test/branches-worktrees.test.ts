import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { Branches, Repo, Worktrees } from "@cco/git";
import { describe, expect, it } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";

function openRepo(test: TestRepo): Promise<Repo> {
  return Repo.open(new ExecaRunner({ env: test.env }), test.dir);
}

async function branchesOf(test: TestRepo): Promise<Branches> {
  return new Branches((await openRepo(test)).git);
}

async function worktreesOf(test: TestRepo): Promise<Worktrees> {
  return new Worktrees(await openRepo(test));
}

/** A clone that tracks `origin/main`, and its origin. */
function cloned(): { origin: TestRepo; test: TestRepo } {
  const origin = TestRepo.withCommit();
  origin.git("branch", "only-there");
  const dir = join(makeTempDir(), "clone");
  origin.git("clone", "-q", origin.dir, dir);
  return { origin, test: new TestRepo(dir, origin.env) };
}

describe("branches", () => {
  it.each(["main", "feat/x", "ünï", "a'b", "@x", "x@y"])("takes %j for a name", async (name) => {
    expect(await (await branchesOf(TestRepo.withCommit())).isValidName(name)).toBe(true);
  });

  it.each([
    "",
    "-x",
    "--all",
    "HEAD",
    "a b",
    "a..b",
    "@{-1}",
    "x.lock",
    "a\nb",
    "a:b",
    "a\0b",
    "/a",
  ])("refuses %j as a name", async (name) => {
    const branches = await branchesOf(TestRepo.withCommit());
    await expect(branches.requireValidName(name)).rejects.toMatchObject({
      code: "BRANCH_NAME_INVALID",
    });
    await expect(branches.create(name, "HEAD")).rejects.toMatchObject({
      code: "BRANCH_NAME_INVALID",
    });
  });

  it("makes a branch once, at any revision, tracking nothing", async () => {
    const { test } = cloned();
    test.git("config", "branch.autoSetupMerge", "always");
    const branches = await branchesOf(test);
    await branches.create("new", "origin/only-there");
    expect(await branches.commit("new")).toBe(test.rev("HEAD"));
    expect((await branches.list()).find(({ name }) => name === "new")?.upstream).toBeNull();
    await expect(branches.create("new", "HEAD")).rejects.toMatchObject({ code: "BRANCH_EXISTS" });
    await expect(branches.create("other", "gone")).rejects.toMatchObject({ code: "GIT_FAILED" });
    expect(await branches.exists("other")).toBe(false);
  });

  it("is not confused by a tag or a folder of branches with that name", async () => {
    const test = TestRepo.withCommit();
    test.git("tag", "x");
    test.git("branch", "y/z");
    const branches = await branchesOf(test);
    expect(await branches.exists("x")).toBe(false);
    expect(await branches.exists("y")).toBe(false);
    await branches.create("x", "HEAD");
    expect((await branches.list()).map(({ name }) => name)).toEqual(["main", "x", "y/z"]);
  });

  it("lists all with upstream, distance and worktree", async () => {
    const { origin, test } = cloned();
    origin.commit({ o: "1" });
    test.git("fetch", "-q");
    test.commit({ t: "1" });
    test.commit({ t: "2" });
    test.git("branch", "-q", "--track", "gone", "origin/only-there");
    test.git("update-ref", "-d", "refs/remotes/origin/only-there");
    const path = join(makeTempDir(), "line\nbreak");
    test.git("worktree", "add", "-q", path, "-b", "local");

    const commit = test.rev("HEAD");
    expect(await (await branchesOf(test)).list()).toEqual([
      {
        name: "gone",
        commit: test.rev("gone"),
        upstream: "origin/only-there",
        track: null,
        worktree: null,
      },
      { name: "local", commit, upstream: null, track: null, worktree: path },
      {
        name: "main",
        commit,
        upstream: "origin/main",
        track: { ahead: 2, behind: 1 },
        worktree: test.dir,
      },
    ]);
  });

  it("knows which remotes have a branch, even a remote with a slash", async () => {
    const { origin, test } = cloned();
    test.git("remote", "add", "team/fork", origin.dir);
    test.git("fetch", "-q", "--all");
    const branches = await branchesOf(test);
    expect(await branches.remotesWith("only-there")).toEqual(["origin", "team/fork"]);
    expect(await branches.remotesWith("fork/main")).toEqual([]);
    expect(await branches.remotesWith("gone")).toEqual([]);
  });

  it("lists what is merged", async () => {
    const test = TestRepo.withCommit();
    test.git("branch", "old");
    test.git("checkout", "-q", "-b", "ahead");
    test.commit({ a: "1" });
    expect(await (await branchesOf(test)).merged("main")).toEqual(["main", "old"]);
  });

  it("deletes what is merged, and the rest only by force", async () => {
    const test = TestRepo.withCommit();
    test.git("branch", "merged");
    test.git("checkout", "-q", "-b", "ahead");
    test.commit({ a: "1" });
    test.git("checkout", "-q", "main");
    const branches = await branchesOf(test);

    await branches.delete("merged");
    await expect(branches.delete("ahead")).rejects.toMatchObject({ code: "BRANCH_NOT_MERGED" });
    expect(await branches.exists("ahead")).toBe(true);
    await branches.delete("ahead", { force: true });
    expect(await branches.exists("ahead")).toBe(false);
    await expect(branches.delete("ahead")).rejects.toMatchObject({ code: "BRANCH_NOT_FOUND" });
    await expect(branches.delete("main", { force: true })).rejects.toMatchObject({
      code: "BRANCH_CHECKED_OUT",
    });
  });

  it("does not delete a branch that another worktree is rebasing", async () => {
    const { test, path } = rebasing();
    const failure = (await branchesOf(test)).delete("work", { force: true });
    await expect(failure).rejects.toMatchObject({
      code: "BRANCH_CHECKED_OUT",
      message: `work is checked out in ${path}`,
    });
  });
});

/** A worktree stopped in the middle of rebasing `work`. */
function rebasing(): { test: TestRepo; path: string } {
  const test = TestRepo.withCommit();
  const path = join(makeTempDir(), "work tree");
  test.git("worktree", "add", "-q", path, "-b", "work");
  const work = new TestRepo(path, test.env);
  work.commit({ f: "work\n" });
  test.commit({ f: "main\n" });
  expect(work.tryGit({}, "rebase", "main").exitCode).not.toBe(0);
  return { test, path };
}

describe("worktrees", () => {
  it("lists all kinds", async () => {
    const test = TestRepo.withCommit();
    const temp = makeTempDir();
    test.git("worktree", "add", "-q", join(temp, "a\nb"), "-b", "feat/a");
    test.git("worktree", "add", "-q", "--detach", join(temp, "detached"));
    test.git("worktree", "add", "-q", join(temp, "gone"), "-b", "gone");
    test.git("worktree", "lock", "--reason", "on a\nstick", join(temp, "detached"));
    rmSync(join(temp, "gone"), { recursive: true });

    const list = await (await worktreesOf(test)).list();
    const commit = test.rev("HEAD");
    const usual = { commit, bare: false, detached: false, locked: null, prunable: null };
    expect(list).toEqual([
      { ...usual, path: test.dir, branch: "main", operation: null },
      { ...usual, path: join(temp, "a\nb"), branch: "feat/a", operation: null },
      {
        ...usual,
        path: join(temp, "detached"),
        branch: null,
        detached: true,
        locked: "on a\nstick",
        operation: null,
      },
      {
        ...usual,
        path: join(temp, "gone"),
        branch: "gone",
        prunable: expect.stringContaining("non-existent") as string,
        operation: null,
      },
    ]);
  });

  it("finds the worktree of a branch that is being rebased", async () => {
    const { test, path } = rebasing();
    const worktrees = await worktreesOf(test);
    expect(await worktrees.forBranch("work")).toMatchObject({ path, operation: "rebase" });
    expect(await worktrees.forBranch("main")).toMatchObject({ path: test.dir, operation: null });
    expect(await worktrees.forBranch("wor")).toBeNull();
  });

  it("finds the worktree of a branch that is being bisected", async () => {
    const test = TestRepo.withCommit();
    const [good] = [test.rev("HEAD"), test.commit({ a: "1" }), test.commit({ a: "2" })];
    test.git("bisect", "start", "HEAD", good);
    expect(await (await worktreesOf(test)).forBranch("main")).toMatchObject({
      path: test.dir,
      operation: "bisect",
      detached: true,
    });
  });

  it("lists those of a bare repository", async () => {
    const seed = TestRepo.withCommit();
    const temp = makeTempDir();
    seed.git("clone", "-q", "--bare", seed.dir, join(temp, "p.git"));
    new TestRepo(join(temp, "p.git"), seed.env).git("worktree", "add", "-q", "../main", "main");
    const list = await (await worktreesOf(new TestRepo(join(temp, "main"), seed.env))).list();
    expect(list).toMatchObject([
      { path: join(temp, "p.git"), bare: true, commit: null },
      { path: join(temp, "main"), branch: "main", bare: false },
    ]);
  });

  it("names the main worktree whose git folder is elsewhere", async () => {
    const temp = makeTempDir();
    const initArgs = [`--separate-git-dir=${join(temp, "store")}`];
    const test = TestRepo.withCommit({ dir: join(temp, "work"), initArgs });
    test.git("worktree", "add", "-q", join(temp, "linked"), "-b", "x");
    const linked = new TestRepo(join(temp, "linked"), test.env);
    test.write({ "README.md": "stash me" });
    test.git("checkout", "-q", "-b", "c");
    test.commit();
    expect(test.tryGit({}, "revert", "--no-commit", "HEAD").exitCode).toBe(0);
    expect(await (await worktreesOf(test)).list()).toMatchObject([
      { path: test.dir, branch: "c", operation: "revert" },
      { path: linked.dir, branch: "x", operation: null },
    ]);
  });

  it("adds an existing, a tracked and a new branch, at odd paths", async () => {
    const { test } = cloned();
    test.git("branch", "mine");
    test.git("config", "worktree.guessRemote", "true");
    const temp = makeTempDir();
    const worktrees = await worktreesOf(test);
    const add = (name: string, branch: string, source: Parameters<Worktrees["add"]>[0]["source"]) =>
      worktrees.add({ path: join(temp, name), branch, source });

    await add("-dash it", "mine", { kind: "existing" });
    await add("line\nbreak", "only-there", { kind: "remote", remote: "origin" });
    await add("new/deep", "feat/new", { kind: "new", from: "origin/main" });
    const list = (await worktrees.list()).map(({ path, branch }) => [path, branch]);
    expect(list).toEqual([
      [test.dir, "main"],
      [join(temp, "-dash it"), "mine"],
      [join(temp, "line\nbreak"), "only-there"],
      [join(temp, "new/deep"), "feat/new"],
    ]);
    const branches = await (await branchesOf(test)).list();
    const upstream = Object.fromEntries(branches.map((one) => [one.name, one.upstream]));
    expect(upstream).toMatchObject({ mine: null, "only-there": "origin/only-there" });
    expect(upstream["feat/new"]).toBeNull();
  });

  it("says why it does not add, and leaves no branch behind", async () => {
    const test = TestRepo.withCommit();
    test.git("branch", "free");
    const temp = makeTempDir();
    mkdirSync(join(temp, "full"));
    writeFileSync(join(temp, "full/file"), "");
    writeFileSync(join(temp, "file"), "");
    const worktrees = await worktreesOf(test);
    const existing = { kind: "existing" } as const;
    const made = { kind: "new", from: "HEAD" } as const;
    const path = join(temp, "w");
    const cases = [
      [{ path, branch: "none", source: existing }, "BRANCH_NOT_FOUND"],
      [{ path, branch: "free", source: made }, "BRANCH_EXISTS"],
      [{ path, branch: "main", source: existing }, "BRANCH_CHECKED_OUT"],
      [{ path, branch: "-x", source: made }, "BRANCH_NAME_INVALID"],
      [{ path: join(temp, "full"), branch: "free", source: existing }, "WORKTREE_EXISTS"],
      [{ path: join(temp, "file"), branch: "b", source: made }, "WORKTREE_EXISTS"],
      [{ path, branch: "c", source: { kind: "new", from: "gone" } }, "GIT_FAILED"],
      [{ path: join(temp, "file/below"), branch: "d", source: made }, "WORKTREE_EXISTS"],
    ] as const;
    for (const [options, code] of cases) {
      await expect(worktrees.add(options)).rejects.toMatchObject({ code });
    }
    const names = (await (await branchesOf(test)).list()).map(({ name }) => name);
    expect(names).toEqual(["free", "main"]);
    expect(await worktrees.list()).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
  });

  it("leaves no branch behind when git fails halfway", async () => {
    const test = TestRepo.withCommit();
    test.commit({ ".gitattributes": "*.bad filter=bad\n", "x.bad": "x" });
    test.git("config", "filter.bad.smudge", "exit 1");
    test.git("config", "filter.bad.required", "true");
    const worktrees = await worktreesOf(test);
    const path = join(makeTempDir(), "w");
    const add = () => worktrees.add({ path, branch: "b", source: { kind: "new", from: "HEAD" } });
    await expect(add()).rejects.toMatchObject({ code: "GIT_FAILED" });
    expect(await (await branchesOf(test)).exists("b")).toBe(false);
    expect(await worktrees.list()).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
    test.git("config", "filter.bad.smudge", "cat");
    await add();
  });

  it("takes the place of a registration whose folder is gone, but not of a locked one", async () => {
    const test = TestRepo.withCommit();
    const temp = makeTempDir();
    for (const name of ["a", "b"]) test.git("worktree", "add", "-q", join(temp, name), "-b", name);
    test.git("worktree", "lock", join(temp, "b"));
    rmSync(temp, { recursive: true });
    const worktrees = await worktreesOf(test);
    const existing = { kind: "existing" } as const;
    await worktrees.add({ path: join(temp, "a"), branch: "a", source: existing });
    expect(existsSync(join(temp, "a/README.md"))).toBe(true);
    await expect(
      worktrees.add({ path: join(temp, "b"), branch: "b", source: existing }),
    ).rejects.toMatchObject({ code: "BRANCH_CHECKED_OUT" });
  });

  it("removes a clean one, and a dirty one only by force", async () => {
    const test = TestRepo.withCommit();
    const path = join(makeTempDir(), "-odd path");
    const worktrees = await worktreesOf(test);
    await worktrees.add({ path, branch: "b", source: { kind: "new", from: "HEAD" } });
    const work = new TestRepo(path, test.env);
    work.write({ "README.md": "changed", "new/file": "x" });

    await expect(worktrees.remove(path)).rejects.toMatchObject({
      code: "WORKTREE_DIRTY",
      message: `${path} has 2 uncommitted or untracked files`,
    });
    expect(await worktrees.status(path)).toEqual({
      dirty: true,
      modified: 1,
      untracked: 1,
      entries: [
        { kind: "modified", path: "README.md" },
        { kind: "untracked", path: "new/" },
      ],
    });
    await worktrees.remove(path, { force: true });
    expect(existsSync(path)).toBe(false);
    expect(await (await branchesOf(test)).exists("b")).toBe(true);
    await expect(worktrees.remove(path)).rejects.toMatchObject({ code: "GIT_FAILED" });
  });

  it("prunes what is gone", async () => {
    const test = TestRepo.withCommit();
    const path = join(makeTempDir(), "w");
    test.git("worktree", "add", "-q", path, "-b", "w");
    rmSync(path, { recursive: true });
    const worktrees = await worktreesOf(test);
    await worktrees.prune();
    expect(await worktrees.list()).toHaveLength(1);
  });

  it("sees renames, conflicts and odd names as they are, whatever is configured", async () => {
    const test = TestRepo.withCommit();
    test.commit({ "old name": "1\n2\n3\n", f: "base\n" });
    test.git("checkout", "-q", "-b", "other");
    test.commit({ f: "other\n" });
    test.git("checkout", "-q", "main");
    test.commit({ f: "main\n" });
    test.tryGit({}, "merge", "other");
    test.git("mv", "old name", "new\nname");
    test.write({ "ü -> x": "1", "ignored.log": "x", ".gitignore": "*.log" });
    test.git("config", "status.showUntrackedFiles", "no");
    test.git("config", "status.renames", "copies");
    test.git("config", "status.relativePaths", "true");
    const status = await (await worktreesOf(test)).status();
    expect(status).toMatchObject({ modified: 3, untracked: 2 });
    expect(Object.fromEntries(status.entries.map(({ path, kind }) => [path, kind]))).toEqual({
      f: "conflicted",
      "old name": "modified",
      "new\nname": "modified",
      ".gitignore": "untracked",
      "ü -> x": "untracked",
    });
  });
});

it("runs neither hooks nor the file monitor of the repository", async () => {
  const test = TestRepo.withCommit();
  const marker = join(makeTempDir(), "ran");
  const trap = `#!/bin/sh\necho "$0 $*" >>'${marker}'\nexit 1\n`;
  const hooks = ["post-checkout", "reference-transaction", "post-index-change", "pre-commit"];
  test.commit(Object.fromEntries(hooks.map((hook) => [`.husky/${hook}`, trap])));
  for (const hook of hooks) chmodSync(test.path(".husky", hook), 0o755);
  test.commit({ monitor: trap });
  chmodSync(test.path("monitor"), 0o755);
  test.commit();
  test.git("config", "core.hooksPath", ".husky");
  test.git("config", "core.fsmonitor", test.path("monitor"));
  expect(test.tryGit({}, "status").exitCode).toBe(0);
  expect(existsSync(marker)).toBe(true);
  rmSync(marker);

  const repo = await openRepo(test);
  const worktrees = new Worktrees(repo);
  const branches = new Branches(repo.git);
  const path = join(makeTempDir(), "w");
  await worktrees.add({ path, branch: "w", source: { kind: "new", from: "HEAD" } });
  await worktrees.status(path);
  await worktrees.status();
  await worktrees.remove(path);
  await branches.create("x", "HEAD");
  await branches.delete("x", { force: true });
  await branches.delete("w");
  expect(existsSync(marker)).toBe(false);
});
