import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { Scene } from "./scene.js";

const CCO = fileURLToPath(new URL("../../packages/cli/bin/cco.cjs", import.meta.url));

interface Refusal {
  readonly error: { code: string; message: string; hint: string | null };
}

function worktrees(scene: Scene): string {
  return join(scene.env["XDG_DATA_HOME"] ?? "", "cco/worktrees");
}

describe("cco add refuses, says how to go on, and leaves nothing half done", () => {
  it.each<[string, (scene: Scene) => string, readonly string[], number, string]>([
    ["outside of a repository", () => "/", ["x"], 1, "NOT_A_REPOSITORY"],
    [
      "in a bare repository",
      (scene) => {
        scene.repo.git("clone", "-q", "--bare", ".", "../bare.git");
        return join(scene.dir, "bare.git");
      },
      ["x"],
      1,
      "BARE_REPOSITORY",
    ],
    ["a name git refuses", (scene) => scene.repo.dir, ["a..b"], 2, "BRANCH_NAME_INVALID"],
    ["a name with a colon", (scene) => scene.repo.dir, ["a:b"], 2, "BRANCH_NAME_INVALID"],
    ["a name with a space", (scene) => scene.repo.dir, ["a b"], 2, "BRANCH_NAME_INVALID"],
    ["a leading dash", (scene) => scene.repo.dir, ["--", "-x"], 2, "BRANCH_NAME_INVALID"],
    ["another name of HEAD", (scene) => scene.repo.dir, ["@"], 2, "BRANCH_NAME_INVALID"],
    ["a folder of a branch", (scene) => scene.repo.dir, ["main/x"], 6, "BRANCH_EXISTS"],
    [
      "a branch that is another's folder",
      (scene) => {
        scene.repo.git("branch", "feat/x");
        return scene.repo.dir;
      },
      ["feat"],
      6,
      "BRANCH_EXISTS",
    ],
    ["checked out elsewhere", (scene) => scene.repo.dir, ["main"], 6, "BRANCH_CHECKED_OUT"],
    ["from nowhere", (scene) => scene.repo.dir, ["x", "--from", "no"], 3, "REF_NOT_FOUND"],
    [
      "a folder that is not ours",
      (scene) => {
        mkdirSync(join(worktrees(scene), "app/app-x"), { recursive: true });
        writeFileSync(join(worktrees(scene), "app/app-x/precious"), "");
        return scene.repo.dir;
      },
      ["x"],
      1,
      "FOLDER_TAKEN",
    ],
    ["to be shown without a terminal", (s) => s.repo.dir, ["x", "--attach"], 2, "NOT_A_TERMINAL"],
  ])("%s", async (_what, folder, args, exitCode, code) => {
    const scene = new Scene();
    const cwd = folder(scene);
    const before = scene.repo.git("for-each-ref") + scene.repo.git("worktree", "list");
    // Before `--`, which ends the options.
    const said = await scene.ok(["add", "--json", ...args], { cwd }, exitCode);
    const { error } = JSON.parse(said) as Refusal;
    expect(error.code).toBe(code);
    expect(error.hint).toMatch(/./);
    expect(scene.repo.git("for-each-ref") + scene.repo.git("worktree", "list")).toBe(before);
    expect(scene.tmux.panes()).toEqual([]);
  });

  it("a disk that cannot be written", async () => {
    const scene = new Scene();
    const data = scene.env["XDG_DATA_HOME"] ?? "";
    const run = (...mounts: string[]) =>
      spawnSync(
        "bwrap",
        [
          "--bind",
          "/",
          "/",
          "--dev-bind",
          "/dev",
          "/dev",
          ...mounts,
          process.execPath,
          CCO,
          "add",
          "x",
        ],
        { cwd: scene.repo.dir, env: scene.env, encoding: "utf8" },
      );
    const ran = run("--ro-bind", data, data);
    expect(ran).toMatchObject({ status: 1, stdout: "" });
    expect(ran.stderr).toContain("read-only file system");
    expect(ran.stderr).toContain("  → make it writable, or set XDG_DATA_HOME to another folder");
    expect(scene.repo.git("branch", "--list", "x")).toBe("");
    expect(scene.tmux.panes()).toEqual([]);
    const git = run("--ro-bind", scene.repo.path(".git"), scene.repo.path(".git"));
    expect(git).toMatchObject({ status: 1, stdout: "" });
    expect(git.stderr).toMatch(/^cco: cannot write .*\.git: read-only file system\n {2}→ /);
    await scene.ok(["add", "x"]);
  });
});

describe("what a person or a crash broke", () => {
  it("a set-up script that fails: the workspace stays, its output is shown, a repeat goes on", async () => {
    const scene = new Scene();
    scene.repo.write({ "scripts/setup.sh": "#!/bin/sh\necho no npm here\ntest -e mended\n" });
    scene.repo.git("add", "-A");
    scene.repo.git("update-index", "--chmod=+x", "scripts/setup.sh");
    scene.repo.git("commit", "-qm", "setup");
    const ran = await scene.cco(["add", "x", "--trust-setup"]);
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toContain("no npm here\n");
    expect(ran.stderr).toContain(
      "cco: set-up script scripts/setup.sh failed with exit code 1\n  → mend it, then run 'cco add x' again\n",
    );
    const worktree = join(worktrees(scene), "app/app-x");
    expect(await scene.json(["ls"])).toMatchObject([{ branch: "x", worktree }]);
    writeFileSync(join(worktree, "mended"), "");
    expect(await scene.json(["add", "x"])).toMatchObject({ setup: "done" });
  });

  it("a worktree deleted by hand: ls and doctor name it, add or rm mends it", async () => {
    const scene = new Scene();
    const { worktree } = await scene.json<{ worktree: string }>(["add", "x"]);
    rmSync(worktree, { recursive: true });
    expect(await scene.json(["ls"])).toMatchObject([{ branch: "x", worktree, dirty: null }]);
    const report = await scene.json<{ leftovers: object[] }>(["doctor"]);
    expect(report.leftovers).toEqual([
      {
        ...{ kind: "worktree-gone", name: "x", fix: "cco rm x" },
        detail: `its folder was deleted: ${worktree}`,
      },
    ]);
    const added = await scene.cco(["add", "x"]);
    expect(added.stdout).toBe(`Workspace x: made worktree. ${worktree}\n`);
    expect(added.stderr).toContain(`run 'cd ${worktree}' there`);
    rmSync(worktree, { recursive: true });
    await scene.ok(["rm", "x"]);
    expect(await scene.json(["ls"])).toEqual([]);
    expect(scene.repo.git("worktree", "list").split("\n")).toHaveLength(1);
    expect((await scene.json<{ leftovers: object[] }>(["doctor"])).leftovers).toEqual([]);
  });

  it("a tmux that does not answer: ls fails, doctor says what it could not find out", async () => {
    const scene = new Scene();
    await scene.ok(["add", "x"]);
    scene.tmux.kill();
    // tmux refuses a folder of sockets that others may write to.
    const sockets = join(scene.env["TMUX_TMPDIR"] ?? "", `tmux-${String(process.getuid?.())}`);
    chmodSync(sockets, 0o777);
    expect(await scene.json(["ls"], 1)).toMatchObject({ error: { code: "TMUX_FAILED" } });
    expect(await scene.json(["doctor"])).toMatchObject({
      leftovers: [],
      unknown: [{ of: "workspaces", why: expect.stringContaining("unsafe permissions") as string }],
    });
    expect(await scene.ok(["doctor"])).toContain(
      "Whether workspaces left something over is not known: ",
    );
    expect(await scene.json(["doctor"], 0, { cwd: "/" })).toMatchObject({ unknown: [] });
  });

  it("a tmux server that was killed: add opens the window again", async () => {
    const scene = new Scene();
    const { worktree } = await scene.json<{ worktree: string }>(["add", "x"]);
    scene.tmux.kill();
    expect(await scene.json(["ls"])).toMatchObject([{ branch: "x", window: null }]);
    await scene.ok(["attach", "x"], {}, 3);
    expect(await scene.ok(["add", "x"])).toBe(`Workspace x: made window. ${worktree}`);
  });
});

describe("cco rm", () => {
  it("in bulk: merged ones that lose nothing; --force is for those that are named", async () => {
    const scene = new Scene();
    for (const branch of ["done", "dirty", "open", "fresh"]) await scene.ok(["add", branch]);
    for (const branch of ["done", "dirty", "open"]) {
      const worktree = join(worktrees(scene), `app/app-${branch}`);
      scene.repo.git("-C", worktree, "commit", "-q", "--allow-empty", "-m", branch);
      if (branch !== "open") scene.repo.git("merge", "-q", "--no-ff", "--no-edit", branch);
    }
    writeFileSync(join(worktrees(scene), "app/app-dirty/new"), "");
    expect(await scene.json(["rm", "--merged", "--force"], 2)).toMatchObject({
      error: { code: "USAGE" },
    });
    expect(await scene.json(["rm", "--merged", "open"], 2)).toMatchObject({
      error: { code: "USAGE" },
    });
    const tip = scene.repo.git("rev-parse", "--short=10", "done");
    const ran = await scene.cco(["rm", "--merged", "-D"]);
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: `Workspace done: removed worktree, window, branch (was ${tip}).\n`,
      stderr: "cco: kept dirty: 1 untracked file: new\n",
    });
    expect(await scene.ok(["ls", "-q"])).toBe("dirty\nfresh\nopen");
    expect(await scene.ok(["rm", "--merged"])).toBe("Nothing to remove.");
    await scene.ok(["rm", "dirty"], {}, 6);
    await scene.ok(["rm", "dirty", "--force"]);
    expect(existsSync(join(worktrees(scene), "app/app-dirty"))).toBe(false);
  });

  it("no branch, a branch without a workspace", async () => {
    const scene = new Scene();
    expect(await scene.json(["rm"], 2)).toMatchObject({ error: { code: "USAGE" } });
    expect(await scene.json(["rm", "none"], 3)).toMatchObject({
      error: { code: "NO_WORKSPACE_WINDOW", hint: "those that there are: cco ls" },
    });
    scene.repo.git("branch", "bare");
    expect(await scene.json(["rm", "bare"], 3)).toMatchObject({
      error: {
        code: "NO_WORKSPACE_WINDOW",
        hint: expect.stringContaining("cco rm -d bare") as string,
      },
    });
  });
});
