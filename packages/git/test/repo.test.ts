import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { GitError, identity, LocalConfig, Repo } from "@cco/git";
import { expect, it } from "vitest";

import { hermeticEnv, makeTempDir, PERSON, TestRepo } from "../../../test/support/repo.js";

function runnerOf(repo: TestRepo): ExecaRunner {
  return new ExecaRunner({ env: repo.env });
}

function open(repo: TestRepo, dir = repo.dir): Promise<Repo> {
  return Repo.open(runnerOf(repo), dir);
}

it("finds its folders from a subfolder and through a link", async () => {
  const repo = TestRepo.withCommit();
  repo.write({ "a/b/c.txt": "x" });
  const link = join(makeTempDir(), "link");
  symlinkSync(repo.dir, link);

  const found = await open(repo, join(link, "a/b"));
  expect(found).toMatchObject({
    root: repo.dir,
    main: repo.dir,
    name: "repo",
    gitDir: repo.path(".git"),
    commonDir: repo.path(".git"),
  });
});

it("names the main worktree from a linked one", async () => {
  const repo = TestRepo.withCommit();
  const path = join(makeTempDir(), "linked work tree");
  repo.git("worktree", "add", "-q", path, "-b", "x");

  expect(await open(repo, path)).toMatchObject({
    root: path,
    main: repo.dir,
    name: "repo",
    commonDir: repo.path(".git"),
    gitDir: repo.path(".git/worktrees/linked-work-tree"),
  });
});

it.each(["with\nline break", "  spaces ", "quote'\"$(touch x)", "-dash", "ünïcode 漢字"])(
  "takes a folder named %j",
  async (name) => {
    const dir = join(makeTempDir(), name);
    const repo = TestRepo.withCommit({ dir });
    repo.git("worktree", "add", "-q", `${dir}-linked`, "-b", "x");

    expect(await open(repo)).toMatchObject({ root: dir, main: dir, name });
    expect(await open(repo, `${dir}-linked`)).toMatchObject({ main: dir });
  },
);

it("finds the main worktree of a separate git folder and of a submodule", async () => {
  const temp = makeTempDir();
  const repo = TestRepo.withCommit({
    dir: join(temp, "work"),
    initArgs: [`--separate-git-dir=${join(temp, "store")}`],
  });
  repo.git("worktree", "add", "-q", join(temp, "linked"), "-b", "x");
  expect(await open(repo)).toMatchObject({ main: join(temp, "work"), name: "work" });

  const outer = TestRepo.withCommit({ env: repo.env, dir: join(temp, "outer") });
  outer.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", repo.dir, "sub");
  const sub = new TestRepo(outer.path("sub"), repo.env);
  sub.git("worktree", "add", "-q", join(temp, "sub-linked"), "-b", "y");
  expect(await open(sub)).toMatchObject({ main: sub.dir, name: "sub" });
  expect(await open(sub, join(temp, "sub-linked"))).toMatchObject({ main: sub.dir });
});

it.each([
  ["proj.git", "proj", "proj.git"],
  ["proj/.bare", "proj", "proj"],
])("takes %s with linked worktrees for the repository %s", async (folder, name, main) => {
  const temp = makeTempDir();
  const seed = TestRepo.withCommit();
  seed.git("clone", "-q", "--bare", seed.dir, join(temp, folder));
  const bare = new TestRepo(join(temp, folder), seed.env);
  bare.git("worktree", "add", "-q", join(temp, "main"), "main");

  expect(await open(bare, join(temp, "main"))).toMatchObject({ name, main: join(temp, main) });
  await expect(open(bare)).rejects.toMatchObject({ code: "BARE_REPOSITORY" });

  const runner = runnerOf(bare);
  expect(await Repo.openMain(runner, join(temp, main))).toMatchObject({
    name,
    root: bare.dir,
    main: join(temp, main),
    commonDir: bare.dir,
  });
  await expect(Repo.openMain(runner, temp)).rejects.toMatchObject({ code: "NOT_A_REPOSITORY" });
});

it("says what is wrong with a folder", async () => {
  const repo = TestRepo.withCommit();
  const runner = new ExecaRunner({ env: { ...repo.env, GIT_CEILING_DIRECTORIES: "/" } });
  const plain = makeTempDir();

  await expect(Repo.open(runner, plain)).rejects.toMatchObject({
    code: "NOT_A_REPOSITORY",
    message: `not a git repository: ${plain}`,
  });
  await expect(Repo.open(runner, join(plain, "gone"))).rejects.toMatchObject({
    code: "NOT_A_REPOSITORY",
    message: `no such folder: ${join(plain, "gone")}`,
  });
  await expect(Repo.open(runner, repo.path(".git"))).rejects.toMatchObject({
    code: "NOT_A_REPOSITORY",
  });
});

it("says that git is missing", async () => {
  const dir = makeTempDir();
  mkdirSync(join(dir, "empty"));
  const runner = new ExecaRunner({ env: { PATH: join(dir, "empty") } });
  const failure = await Repo.open(runner, dir).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(GitError);
  expect(failure).toMatchObject({ code: "GIT_MISSING", message: "git is not installed" });
});

it("is not led elsewhere by the caller's environment", async () => {
  const [one, other] = [TestRepo.withCommit(), TestRepo.withCommit()];
  const env = {
    ...one.env,
    GIT_DIR: other.path(".git"),
    GIT_WORK_TREE: other.dir,
    GIT_CONFIG: "/x",
  };
  const repo = await Repo.open(new ExecaRunner({ env }), one.dir);
  expect(repo.root).toBe(one.dir);
  await new LocalConfig(repo.git).set("cco.x", "1");
  expect(one.git("config", "--local", "cco.x")).toBe("1");
});

it("tells a branch, a detached and an unborn HEAD apart", async () => {
  const unborn = TestRepo.init();
  expect(await (await open(unborn)).head()).toEqual({ kind: "unborn", branch: "main" });

  const commit = unborn.commit({ a: "1" });
  const repo = await open(unborn);
  expect(await repo.head()).toEqual({ kind: "branch", branch: "main", commit });
  unborn.git("checkout", "-q", "-b", "feat/ü");
  expect(await repo.head()).toEqual({ kind: "branch", branch: "feat/ü", commit });
  unborn.git("checkout", "-q", "--detach");
  expect(await repo.head()).toEqual({ kind: "detached", commit });
});

it.each([
  ["rebase", ["rebase", "other"]],
  ["rebase", ["rebase", "--apply", "other"]],
  ["merge", ["merge", "other"]],
  ["cherry-pick", ["cherry-pick", "other"]],
  ["revert", ["revert", "--no-edit", "HEAD~1"]],
] as const)("sees a %s in progress (git %j)", async (operation, command) => {
  const test = TestRepo.withCommit();
  test.git("checkout", "-q", "-b", "other");
  test.commit({ f: "other\n" });
  test.git("checkout", "-q", "main");
  test.commit({ f: "main\n" });
  test.commit({ f: "main again\n" });
  const repo = await open(test);
  expect(await repo.operationInProgress()).toBeNull();

  expect(test.tryGit({}, ...command).exitCode).not.toBe(0);
  expect(await repo.operationInProgress()).toBe(operation);
});

it("sees a bisect in progress", async () => {
  const test = TestRepo.withCommit();
  test.git("bisect", "start");
  expect(await (await open(test)).operationInProgress()).toBe("bisect");
});

it("opens another worktree of the same repository, and no stranger", async () => {
  const test = TestRepo.withCommit();
  const path = join(makeTempDir(), "other");
  test.git("worktree", "add", "-q", path, "-b", "x");
  const repo = await open(test);

  expect((await repo.worktree(path)).root).toBe(realpathSync(path));
  await expect(repo.worktree(TestRepo.withCommit().dir)).rejects.toMatchObject({
    code: "NOT_A_REPOSITORY",
  });
});

it("keeps values in the repository's own configuration, for all its worktrees", async () => {
  const test = TestRepo.withCommit();
  const path = join(makeTempDir(), "other");
  test.git("worktree", "add", "-q", path, "-b", "x");
  const here = new LocalConfig((await open(test)).git);
  const there = new LocalConfig((await open(test, path)).git);

  expect(await here.get("cco.workspace")).toBeNull();
  expect(await here.unset("cco.workspace")).toBe(false);
  await here.set("cco.workspace", "--odd\nvalue ü");
  await here.set("cco.session.name", "1");
  await here.set("ccox.other", "1");
  expect(await there.get("cco.workspace")).toBe("--odd\nvalue ü");
  expect(Object.fromEntries(await there.list("cco"))).toEqual({
    "cco.workspace": "--odd\nvalue ü",
    "cco.session.name": "1",
  });
  await here.set("cco.workspace", "two");
  expect(await there.get("cco.workspace")).toBe("two");
  expect(await there.unset("cco.workspace")).toBe(true);
  expect(await here.get("cco.workspace")).toBeNull();
});

it("knows the person, and does not invent one", async () => {
  const test = TestRepo.withCommit();
  expect(await identity((await open(test)).git)).toEqual(PERSON);

  const unset = { GIT_AUTHOR_NAME: undefined, GIT_AUTHOR_EMAIL: undefined };
  const env = { ...hermeticEnv(makeTempDir()), ...unset, GIT_CONFIG_GLOBAL: "/dev/null" };
  const runner = new ExecaRunner({ env });
  expect(await identity((await Repo.open(runner, test.dir)).git)).toBeNull();
});
