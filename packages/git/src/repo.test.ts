import { RunError } from "@cco/exec";
import { FakeRunner } from "@cco/exec/testing";
import { expect, it } from "vitest";

import { Git } from "./git.js";
import { Refs } from "./refs.js";
import { Repo } from "./repo.js";

const GUARDS = [
  ...["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"],
  ...["-c", "gc.auto=0", "-c", "maintenance.auto=false"],
];

const ASK = [
  ...["rev-parse", "--path-format=absolute", "--is-bare-repository"],
  ...["--git-dir", "--git-common-dir", "--show-toplevel"],
];

const NOT_FOUND = new RunError("COMMAND_NOT_FOUND", ["git"], "git: command not found");

it("opens a repository by one call of git", async () => {
  const runner = new FakeRunner().expect(["git", ...GUARDS, ...ASK], {
    stdout: "false\n/r/.git\n/r/.git\n/r\n",
  });
  const repo = await Repo.open(runner, "/r/sub", { checkVersion: false });
  expect(repo).toMatchObject({ root: "/r", main: "/r", name: "r", commonDir: "/r/.git" });
  expect(runner.runs[0]?.options.cwd).toBe("/r/sub");
  runner.assertDone();
});

it.each(["2.37.9", "1.8.3.1"])("refuses git %s", async (version) => {
  const runner = new FakeRunner()
    .reply({ stdout: "false\n/r/.git\n/r/.git\n/r\n" })
    .reply({ stdout: `git version ${version}\n` });
  await expect(Repo.open(runner, "/r")).rejects.toMatchObject({
    code: "GIT_TOO_OLD",
    message: `git ${version} is too old`,
    hint: "install git 2.38 or newer",
  });
});

it.each(["2.38.0", "2.39.5 (Apple Git-154)", "2.51.GIT", "3.0.0"])(
  "takes git %s",
  async (version) => {
    const runner = new FakeRunner()
      .reply({ stdout: "false\n/r/.git\n/r/.git\n/r\n" })
      .reply({ stdout: `git version ${version}\n` });
    expect((await Repo.open(runner, "/r")).root).toBe("/r");
  },
);

it("knows a git that is too old to be asked", async () => {
  const runner = new FakeRunner().reply({
    stdout: "--path-format=absolute\nfalse\n.git\n.git\n/r\n",
  });
  await expect(Repo.open(runner, "/r", { checkVersion: false })).rejects.toMatchObject({
    code: "GIT_TOO_OLD",
  });
});

it("passes on what else git says, as a failure of its own", async () => {
  const runner = new FakeRunner().reply({
    exitCode: 128,
    stderr: "fatal: detected dubious ownership in repository at '/r'\n",
  });
  await expect(Repo.open(runner, "/r", { checkVersion: false })).rejects.toMatchObject({
    code: "GIT_FAILED",
    message: expect.stringContaining("dubious ownership") as string,
  });
});

it("tells a missing git from a missing folder", async () => {
  const gone = new FakeRunner()
    .reply({ error: NOT_FOUND })
    .reply({ stdout: "git version 2.39.5\n" });
  await expect(new Git(gone, { dir: "/gone" }).run(["status"])).rejects.toMatchObject({
    code: "NOT_A_REPOSITORY",
    message: "no such folder: /gone",
  });
  const missing = new FakeRunner().reply({ error: NOT_FOUND }).reply({ error: NOT_FOUND });
  await expect(new Git(missing, { dir: "/r" }).run(["status"])).rejects.toMatchObject({
    code: "GIT_MISSING",
  });
});

it("clears what would point git elsewhere, and lets a caller set it", async () => {
  const runner = new FakeRunner().reply().reply();
  const git = new Git(runner, { dir: "/r" });
  await git.run(["status"]);
  await git.with({ env: { GIT_INDEX_FILE: "/x" } }).run(["status"]);
  expect(runner.runs[0]?.options.env).toMatchObject({
    GIT_DIR: undefined,
    GIT_INDEX_FILE: undefined,
  });
  expect(runner.runs[0]?.options.env).toHaveProperty("GIT_SHALLOW_FILE", undefined);
  expect(runner.runs[1]?.options.env).toMatchObject({ GIT_INDEX_FILE: "/x", LC_ALL: "C" });
});

it("puts options before data", async () => {
  const runner = new FakeRunner()
    .expect(["git", "rev-parse", "-q", "--verify", "--end-of-options", "--all^{commit}"], {
      exitCode: 1,
    })
    .expect([
      "git",
      "update-ref",
      "--no-deref",
      "-m",
      "cco",
      "--end-of-options",
      "refs/x",
      "b",
      "",
    ]);
  const refs = new Refs(new Git(runner, { dir: "/r" }));
  expect(await refs.resolve("--all")).toBeNull();
  await refs.update("refs/x", "b", null);
  runner.assertDone();
});
