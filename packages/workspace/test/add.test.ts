import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { ExecaRunner, type CommandRunner } from "@cco/exec";
import { Repo } from "@cco/git";
import { describe, expect, test } from "vitest";

import { TestRepo } from "../../../test/support/repo.js";
import { Fixture, until } from "./fixture.js";

const CREATED = { branch: true, worktree: true, window: true };
const NOTHING = { branch: false, worktree: false, window: false };

describe("a workspace is a branch, a worktree and a window", () => {
  test("made once, found, and not made again", async () => {
    const f = new Fixture();
    const w = f.workspaces();
    const made = await w.add(await f.repo(), "feat/x");
    expect(made).toEqual({
      repo: f.git.dir,
      branch: "feat/x",
      worktree: f.worktrees("api/api-feat-x"),
      session: "cco-api",
      window: "@0",
      windowName: "feat-x",
      created: CREATED,
      carried: [],
      setup: "none",
      setupScript: null,
      upstream: null,
    });
    const inside = await f.repo(made.worktree);
    expect((await inside.head()).kind).toBe("branch");
    expect(await w.add(inside, "feat/x")).toEqual({ ...made, created: NOTHING });
    expect(await w.find(inside, "feat/x")).toEqual({
      ...{ repo: made.repo, branch: "feat/x", worktree: made.worktree },
      ...{ session: "cco-api", window: "@0", windowName: "feat-x" },
    });
    expect(f.tmux("list-panes", "-a", "-F", "#{pane_current_path}")).toBe(made.worktree);
    expect(f.tmux("show-options", "-t", "=cco-api:", "-v", "@cco-repo")).toBe(f.git.dir);
    expect(f.tmux("show-options", "-w", "-t", "@0", "-v", "@cco-branch")).toBe("feat/x");
  });

  test.each([
    [
      "worktree",
      (f: Fixture) => {
        rmSync(f.worktrees("api/api-a"), { recursive: true });
      },
    ],
    ["window", (f: Fixture) => f.tmux("kill-window", "-t", "@0")],
    ["window", (f: Fixture) => f.tmux("kill-server")],
    [
      "worktree",
      (f: Fixture) => {
        // What `git worktree add` leaves that was killed before its checkout.
        const admin = f.git.path(".git/worktrees/api-a");
        writeFileSync(join(admin, "locked"), "initializing");
        rmSync(f.worktrees("api/api-a/README.md"));
      },
    ],
  ])("a missing %s is made again, the rest is kept", async (missing, lose) => {
    const f = new Fixture();
    const w = f.workspaces();
    await w.add(await f.repo(), "a");
    await w.add(await f.repo(), "b");
    lose(f);
    const again = await w.add(await f.repo(), "a");
    expect(again.created).toEqual({ ...NOTHING, [missing]: true });
    expect(again.worktree).toBe(f.worktrees("api/api-a"));
    expect(existsSync(join(again.worktree, "README.md"))).toBe(true);
    expect(f.git.tryGit({}, "-C", again.worktree, "status", "--porcelain").stdout).toBe("");
  });

  test("two at once make one", async () => {
    const f = new Fixture();
    const repo = await f.repo();
    const names = ["a", "a", "b", "a/b".replace("/", "-")];
    const made = await Promise.all(names.map((name) => f.workspaces().add(repo, name)));
    expect(made[0]?.window).toBe(made[1]?.window);
    expect(f.windows().sort()).toEqual(["cco-api:a", "cco-api:a-b", "cco-api:b"]);
  });
});

describe("no two things collide", () => {
  const branches = [
    ...["feat/a", "feat-a", "a.b", "a-b", "v1.2:x".replace(":", "_"), "1", "2", "ünï/✳"],
    ...["x/-dash", "a;", "$x", "#(touch-pwned)", "cco", "feat-a-2", "UPPER", "upper", "a&b'c"],
  ];
  test("branches of one repository", async () => {
    const f = new Fixture();
    const w = f.workspaces();
    const repo = await f.repo();
    for (const branch of branches) await w.add(repo, branch);
    const found = await Promise.all(branches.map((branch) => w.find(repo, branch)));
    expect(new Set(found.map((one) => one.worktree)).size).toBe(branches.length);
    expect(new Set(found.map((one) => one.window)).size).toBe(branches.length);
    expect(new Set(f.windows()).size).toBe(branches.length);
    for (const one of found) {
      const head = await (await f.repo(one.worktree)).head();
      expect(head).toMatchObject({ kind: "branch", branch: one.branch });
    }
    expect(found.slice(0, 2).map((one) => one.windowName)).toEqual(["feat-a", "feat-a-2"]);
    // A shell of each window stands in its branch's worktree, whatever the names.
    for (const [index, branch] of branches.entries()) {
      const path = f.tmux(
        "display-message",
        "-p",
        "-t",
        found[index]?.window ?? "",
        "#{pane_start_path}",
      );
      expect([branch, path]).toEqual([branch, found[index]?.worktree]);
    }
  });

  test("repositories with one folder name, or names that tmux makes one", async () => {
    const f = new Fixture({ name: "a.b" });
    const w = f.workspaces();
    const dirs = ["two/a.b", "three/a_b", "a:b", "-a", "a b", "ü"].map((name) => join(f.dir, name));
    const repos = [await f.repo()];
    for (const dir of dirs) {
      TestRepo.withCommit({ dir, env: f.env });
      repos.push(await f.repo(dir));
    }
    const made = [];
    for (const repo of repos) made.push(await w.add(repo, "x"));
    expect(made.map((one) => one.session)).toEqual([
      ...["cco-a_b", "cco-a_b-2", "cco-a_b-3", "cco-a_b-4", "cco--a", "cco-a b", "cco-ü"],
    ]);
    expect(made[1]?.worktree).toBe(f.worktrees("a.b-2/a.b-2-x"));
    for (const [index, repo] of repos.entries()) {
      expect((await w.find(repo, "x")).window).toBe(made[index]?.window);
    }
  });

  test("a session of somebody else with our name is left alone", async () => {
    const f = new Fixture();
    f.tmux("new-session", "-d", "-s", "cco-api", "sleep", "1000");
    f.tmux("new-session", "-d", "-s", "cco-api-foo", "sleep", "1000");
    const made = await f.workspaces().add(await f.repo(), "x");
    expect(made.session).toBe("cco-api-2");
    await expect(f.workspaces().find(await f.repo(), "y")).rejects.toMatchObject({
      code: "NO_WORKSPACE_WINDOW",
    });
  });

  test("a renamed window, branch or repository is still the same", async () => {
    const f = new Fixture();
    const w = f.workspaces();
    const made = await w.add(await f.repo(), "a");
    f.tmux("rename-window", "-t", "@0", "my own name");
    expect(await w.find(await f.repo(), "a")).toMatchObject({
      window: "@0",
      windowName: "my own name",
    });
    f.git.git("branch", "-m", "a", "b");
    expect(await w.find(await f.repo(), "b")).toMatchObject({
      window: "@0",
      worktree: made.worktree,
    });
    const other = await w.add(await f.repo(), "a");
    expect(other).toMatchObject({ created: CREATED, worktree: f.worktrees("api/api-a-2") });
    expect((await w.find(await f.repo(), "b")).window).toBe("@0");
  });

  test("a moved repository keeps its name, a copied one gets another", async () => {
    const f = new Fixture();
    const w = f.workspaces();
    await w.add(await f.repo(), "a");
    f.tmux("kill-server");
    const copy = join(f.dir, "copies/api");
    spawnSync("mkdir", ["-p", join(f.dir, "copies")]);
    spawnSync("cp", ["-r", f.git.dir, copy]);
    rmSync(join(copy, ".git/worktrees"), { recursive: true });
    expect((await w.add(await f.repo(copy), "new")).worktree).toBe(f.worktrees("api-2/api-2-new"));
    const moved = join(f.dir, "moved");
    renameSync(f.git.dir, moved);
    expect((await w.add(await f.repo(moved), "new")).worktree).toBe(f.worktrees("api/api-new"));
  });
});

describe("where a branch comes from", () => {
  test("an existing one, a remote's, a new one from a ref", async () => {
    const f = new Fixture();
    const other = join(f.dir, "remote");
    f.git.git("clone", "-q", "--bare", f.git.dir, other);
    const bare = new TestRepo(other, f.env);
    bare.git("branch", "theirs");
    f.git.git("remote", "add", "origin", other);
    f.git.git("fetch", "-q", "origin");
    f.git.git("branch", "mine");
    const first = f.git.rev("HEAD");
    f.git.commit({ a: "1" }, "second");
    const w = f.workspaces();
    const repo = await f.repo();
    expect((await w.add(repo, "mine")).created.branch).toBe(false);
    expect(await w.add(repo, "theirs")).toMatchObject({ upstream: "origin/theirs" });
    expect(f.git.git("rev-parse", "--abbrev-ref", "theirs@{u}")).toBe("origin/theirs");
    await w.add(repo, "new");
    await w.add(repo, "old", { from: "HEAD~1" });
    expect([f.git.rev("new"), f.git.rev("old")]).toEqual([f.git.rev("HEAD"), first]);
  });

  test.each([
    ["x..y", {}, "BRANCH_NAME_INVALID"],
    ["-x", {}, "BRANCH_NAME_INVALID"],
    ["", {}, "BRANCH_NAME_INVALID"],
    ["x", { from: "nope" }, "REF_NOT_FOUND"],
    ["x", { from: "--help" }, "REF_NOT_FOUND"],
    ["main", {}, "BRANCH_CHECKED_OUT"],
    ["elsewhere", {}, "BRANCH_CHECKED_OUT"],
    ["main/x", {}, "BRANCH_EXISTS"],
  ])("%j %j: %s, and nothing is left behind", async (branch, options, code) => {
    const f = new Fixture();
    f.git.git("worktree", "add", "-q", "-b", "elsewhere", join(f.dir, "own"));
    const before = f.git.git("for-each-ref") + f.git.git("worktree", "list");
    await expect(f.workspaces().add(await f.repo(), branch, options)).rejects.toMatchObject({
      code,
    });
    expect(f.git.git("for-each-ref") + f.git.git("worktree", "list")).toBe(before);
    expect(f.windows()).toEqual([""]);
  });

  test("a repository without commits, a bare one, none", async () => {
    const f = new Fixture();
    const empty = TestRepo.init({ dir: join(f.dir, "empty"), env: f.env });
    const w = f.workspaces();
    await expect(w.add(await f.repo(empty.dir), "x")).rejects.toMatchObject({ code: "NO_COMMITS" });
    f.git.git("clone", "-q", "--bare", f.git.dir, join(f.dir, "bare"));
    const bare = Repo.open(f.runner, join(f.dir, "bare"));
    await expect(bare).rejects.toMatchObject({ code: "BARE_REPOSITORY" });
    await expect(Repo.open(f.runner, "/")).rejects.toMatchObject({ code: "NOT_A_REPOSITORY" });
  });

  test("a branch checked out elsewhere is opened there when asked", async () => {
    const f = new Fixture();
    const made = await f.workspaces().add(await f.repo(), "main", { here: true });
    expect(made).toMatchObject({ worktree: f.git.dir, created: { ...NOTHING, window: true } });
    expect((await f.workspaces().find(await f.repo(), "main")).window).toBe(made.window);
  });
});

describe("from any folder of any worktree", () => {
  test.each<[string, (f: Fixture) => string]>([
    ["a folder of the main worktree", (f) => f.git.path("deep/er")],
    ["a folder of a workspace", (f) => f.worktrees("api/api-first/deep/er")],
    ["a worktree of the person's own", (f) => join(f.dir, "own worktree")],
    ["a link to a folder", (f) => join(f.dir, "link")],
  ])("%s", async (_where, folder) => {
    const f = new Fixture({ files: { "deep/er/file": "1" } });
    f.git.git("worktree", "add", "-q", "-b", "own", join(f.dir, "own worktree"));
    symlinkSync(f.git.path("deep"), join(f.dir, "link"));
    await f.workspaces().add(await f.repo(), "first");
    const made = await f.workspaces().add(await f.repo(folder(f)), "x");
    expect(made).toMatchObject({
      ...{ repo: f.git.dir, worktree: f.worktrees("api/api-x"), session: "cco-api" },
      created: CREATED,
    });
    expect((await f.workspaces().find(await f.repo(folder(f)), "x")).window).toBe(made.window);
  });
});

describe("the tmux server ends in between", () => {
  test.each(["a new window is made", "what is there is told"])("before %s", async (when) => {
    const f = new Fixture();
    const w = f.workspaces();
    await w.add(await f.repo(), "before");
    let killed = false;
    const dying: CommandRunner = {
      hostArgv: (argv) => f.runner.hostArgv(argv),
      run: (argv, options) => {
        if (!killed && argv.includes("list-windows")) {
          // It still answers what it has, then it is gone.
          killed = true;
          return f.runner.run(argv, options).finally(() => f.tmux("kill-server"));
        }
        return f.runner.run(argv, options);
      },
    };
    const branch = when === "a new window is made" ? "x" : "before";
    const made = await f.workspaces({ runner: dying }).add(await f.repo(), branch);
    expect(killed).toBe(true);
    if (branch === "x") {
      expect(made.created).toEqual(CREATED);
      expect(f.windows()).toEqual(["cco-api:x"]);
    }
    expect((await w.add(await f.repo(), branch)).worktree).toBe(made.worktree);
    expect(f.windows()).toEqual([`cco-api:${branch}`]);
  });

  test("during set-up", async () => {
    const f = new Fixture({ files: { "scripts/setup.sh": "tmux -L cco kill-server\n" } });
    chmodSync(f.git.path("scripts/setup.sh"), 0o755);
    f.git.commit({}, "executable");
    const w = f.workspaces();
    await w.add(await f.repo(), "before");
    const made = await w.add(await f.repo(), "x", { confirmSetup: () => true });
    expect(made.setup).toBe("done");
    expect(f.windows()).toEqual(["cco-api:x"]);
  });
});

describe("what is in the way", () => {
  test("a folder that is not ours", async () => {
    const f = new Fixture();
    mkdirSync(f.worktrees("api/api-x"), { recursive: true });
    writeFileSync(f.worktrees("api/api-x/precious"), "1");
    const w = f.workspaces();
    await expect(w.add(await f.repo(), "x")).rejects.toMatchObject({
      code: "FOLDER_TAKEN",
      message: `${f.worktrees("api/api-x")} exists and is no worktree of this repository`,
    });
    expect(f.git.git("branch", "--list", "x")).toBe("");
    rmSync(f.worktrees("api/api-x/precious"));
    expect((await w.add(await f.repo(), "x")).created).toEqual(CREATED);
  });

  test("a file in the place of a folder", async () => {
    const f = new Fixture();
    mkdirSync(f.worktrees(".."), { recursive: true });
    writeFileSync(f.worktrees(), "");
    await expect(f.workspaces().add(await f.repo(), "x")).rejects.toMatchObject({
      code: "FOLDER_NOT_WRITABLE",
      hint: expect.stringContaining("XDG_DATA_HOME") as string,
    });
    expect(f.git.git("branch", "--list", "x")).toBe("");
  });

  test("no tmux: nothing is made", async () => {
    const f = new Fixture();
    const bin = join(f.dir, "bin");
    mkdirSync(bin);
    const git = spawnSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).stdout.trim();
    symlinkSync(git, join(bin, "git"));
    const env = { ...f.env, PATH: bin };
    const runner = new ExecaRunner({ env });
    const repo = await Repo.open(runner, f.git.dir);
    const add = f.workspaces({ runner, env }).add(repo, "x");
    await expect(add).rejects.toMatchObject({ code: "TMUX_MISSING" });
    expect(f.git.git("branch", "--list", "x")).toBe("");
  });
});

describe("files carried over", () => {
  const files = [
    { path: ".env" },
    { path: "node_modules", how: "symlink" as const },
    { path: "missing" },
  ];

  test("listed ones only, never over what is there", async () => {
    const f = new Fixture({ files: { ".gitignore": ".env\n.claude\nnode_modules\n" } });
    f.git.write({
      ".claude/settings.local.json": "{}",
      ".env": "A=1\n",
      ".env.other": "B=1\n",
      "node_modules/x/index.js": "1",
    });
    chmodSync(f.git.path(".env"), 0o600);
    const made = await f.workspaces().add(await f.repo(), "x", { files });
    expect(made.carried).toEqual([".claude/settings.local.json", ".env", "node_modules"]);
    expect(lstatSync(join(made.worktree, ".env")).mode & 0o777).toBe(0o600);
    expect(readlinkSync(join(made.worktree, "node_modules"))).toBe(f.git.path("node_modules"));
    expect(existsSync(join(made.worktree, ".env.other"))).toBe(false);
    writeFileSync(join(made.worktree, ".env"), "mine\n");
    expect((await f.workspaces().add(await f.repo(), "x", { files })).carried).toEqual([]);
    expect(readFileSync(join(made.worktree, ".env"), "utf8")).toBe("mine\n");
  });

  test.each(["../x", "/etc/passwd", ".git/config", "a/../../x", ".", "", "sub/.GIT/hooks/x"])(
    "%j is refused",
    async (path) => {
      const f = new Fixture();
      const add = f.workspaces().add(await f.repo(), "x", { files: [{ path }] });
      await expect(add).rejects.toMatchObject({ code: "CARRY_FAILED" });
    },
  );

  test("a link of the branch in a folder's place is not written through", async () => {
    const f = new Fixture();
    const outside = join(f.dir, "outside");
    mkdirSync(outside);
    symlinkSync(outside, f.git.path(".claude"));
    f.git.commit({}, "link");
    const branch = f.git.rev("HEAD");
    f.git.git("rm", "-q", ".claude");
    f.git.commit({ ".claude/settings.local.json": "{}" }, "folder");
    const add = f.workspaces().add(await f.repo(), "x", { from: branch });
    await expect(add).rejects.toMatchObject({ code: "CARRY_FAILED" });
    expect(existsSync(join(outside, "settings.local.json"))).toBe(false);
  });
});

describe("set-up", () => {
  function withScript(content: string, path = "scripts/setup.sh"): Fixture {
    const f = new Fixture({ files: { [path]: content } });
    chmodSync(f.git.path(path), 0o755);
    f.git.commit({}, "executable");
    return f;
  }
  const output = (f: Fixture) =>
    f.events
      .flatMap((event) => (event.type === "setup-output" ? [Buffer.from(event.chunk)] : []))
      .join("");
  const yes = { confirmSetup: () => true };

  test("runs once in the worktree, its output is shown", async () => {
    const f = withScript('pwd; echo "$CCO_BRANCH" >&2; echo ran >> ran\n');
    const made = await f.workspaces().add(await f.repo(), "feat/x", yes);
    expect(made).toMatchObject({ setup: "done", setupScript: "scripts/setup.sh" });
    expect(output(f).split("\n").sort()).toEqual(["", made.worktree, "feat/x"].sort());
    expect((await f.workspaces().add(await f.repo(), "feat/x", yes)).setup).toBe("already");
    expect(readFileSync(join(made.worktree, "ran"), "utf8")).toBe("ran\n");
  });

  test("its output comes in whole lines, however it is written", async () => {
    const f = withScript("printf half; printf ' done\\nlast'\n");
    await f.workspaces().add(await f.repo(), "feat/x", yes);
    const chunks = f.events.flatMap((event) =>
      event.type === "setup-output" ? [Buffer.from(event.chunk).toString()] : [],
    );
    expect(chunks).toEqual(["half done\n", "last"]);
  });

  test("is asked for once for each content, and skipped without a yes", async () => {
    const f = withScript("#!/bin/sh\nexit 0\n", "scripts/init");
    const asked: string[] = [];
    const confirmSetup = (script: { content: string }) => {
      asked.push(script.content);
      return asked.length > 1;
    };
    const w = f.workspaces();
    const repo = await f.repo();
    expect((await w.add(repo, "none")).setup).toBe("skipped");
    expect((await w.add(repo, "no", { confirmSetup })).setup).toBe("skipped");
    expect((await w.add(repo, "yes", { confirmSetup })).setup).toBe("done");
    expect((await w.add(repo, "same", { confirmSetup })).setup).toBe("done");
    expect(asked).toHaveLength(2);
    f.git.commit({ "scripts/init": "#!/bin/sh\nexit 0 # other\n" }, "other");
    expect((await w.add(repo, "other", { confirmSetup })).setup).toBe("done");
    expect(asked).toHaveLength(3);
  });

  test("a failing one leaves the workspace, and a repeat goes on", async () => {
    const f = withScript("#!/bin/sh\necho broken; test -e mended\n");
    const w = f.workspaces();
    const agent = ["sh", "-c", "echo agent > agent-ran; sleep 1000"];
    await expect(w.add(await f.repo(), "x", { ...yes, agent })).rejects.toMatchObject({
      code: "SETUP_FAILED",
      message: "set-up script scripts/setup.sh failed with exit code 1",
      hint: "mend it, then run 'cco add x' again",
    });
    expect(output(f)).toBe("broken\n");
    const { worktree, window } = await w.find(await f.repo(), "x");
    writeFileSync(join(worktree, "mended"), "");
    const again = await w.add(await f.repo(), "x", { ...yes, agent });
    expect(again).toMatchObject({ window, setup: "done", created: NOTHING });
    await until(() => existsSync(join(worktree, "agent-ran")));
  });

  test("a script that is not executable, a folder or outside is none", async () => {
    const f = new Fixture({ files: { "scripts/init/x": "", "scripts/setup.sh": "exit 1" } });
    symlinkSync("/bin/false", f.git.path("scripts/setup"));
    f.git.commit({}, "link");
    expect((await f.workspaces().add(await f.repo(), "x", yes)).setup).toBe("none");
  });
});

describe("the agent in the window", () => {
  test("is the window's process with the caller's PATH, and a shell follows", async () => {
    const f = new Fixture();
    const bin = join(f.dir, "bin");
    mkdirSync(bin);
    const script = '#!/bin/sh\nprintf "[%s]" "$@" > "$HOME/args"; pwd >> "$HOME/args"\n';
    writeFileSync(join(bin, "my-agent"), script, { mode: 0o755 });
    f.tmux("new-session", "-d", "-s", "before", "sleep", "1000");
    const env = { ...f.env, PATH: `${bin}:${f.env["PATH"] ?? ""}` };
    const made = await f
      .workspaces({ runner: new ExecaRunner({ env }), env })
      .add(await f.repo(), "x", { agent: ["my-agent", "a;", "it's", "#{x}"] });
    const args = join(f.env["HOME"] ?? "", "args");
    await until(() => existsSync(args) && readFileSync(args, "utf8").endsWith("\n"));
    expect(readFileSync(args, "utf8")).toBe(`[a;][it's][#{x}]${made.worktree}\n`);
    const command = () =>
      f.tmux("display-message", "-p", "-t", made.window, "#{pane_dead} #{pane_current_command}");
    await until(() => command() === "0 sh");
  });
});

describe("the server's own configuration", () => {
  test("is cco's, the person's additions come last, the person's tmux.conf is not read", async () => {
    const f = new Fixture();
    writeFileSync(join(f.env["HOME"] ?? "", ".tmux.conf"), "set -g @own yes\nset -g mouse off\n");
    const dir = join(f.env["XDG_CONFIG_HOME"] ?? "", "cco");
    mkdirSync(dir);
    writeFileSync(join(dir, "tmux.conf"), "set -g history-limit 123\nset -g @added yes\n");
    await f.workspaces({ env: { ...f.env, GIT_DIR: "/nowhere" } }).add(await f.repo(), "x");
    const show = (...args: string[]) => f.tmux("show-options", ...args);
    expect(show("-gqv", "@own")).toBe("");
    expect([show("-gv", "mouse"), show("-gv", "history-limit"), show("-gv", "@added")]).toEqual([
      ...["on", "123", "yes"],
    ]);
    expect(show("-sv", "set-clipboard")).toBe("external");
    expect(f.tmux("show-environment", "-g")).not.toMatch(/CCO_TMUX_CONF|^GIT_DIR/m);
    expect(f.tmux("show-messages")).not.toMatch(/cco-tmux.conf:\d+/);
  });
});

describe("panes of sessions", () => {
  test("opened beside the window's own, found by mark and closed once", async () => {
    const f = new Fixture();
    const w = f.workspaces();
    const { window, worktree } = await w.add(await f.repo(), "x");
    expect(realpathSync(worktree)).toBe(worktree);
    const argv = ["sh", "-c", "printf '\\033]2;✳ Claude Code\\007'; sleep 1000"];
    const pane = await w.openPane({ window, sessionId: "7f3a9c21", argv });
    const title = () => f.tmux("display-message", "-p", "-t", pane, "#{pane_title}");
    await until(() => title() === "✳ Claude Code");
    expect(f.tmux("show-options", "-p", "-t", pane, "-v", "@cco-session")).toBe("7f3a9c21");
    expect(f.tmux("display-message", "-p", "-t", window, "#{window_panes}")).toBe("2");
    expect(await w.closePane("7f3a9c21")).toEqual({ outcome: "closed", detail: null });
    expect(await w.closePane("7f3a9c21")).toEqual({ outcome: "already-closed", detail: null });
    f.tmux("kill-server");
    expect((await w.closePane("7f3a9c21")).outcome).toBe("already-closed");
    const none = f.workspaces({ runner: new ExecaRunner({ env: { PATH: f.dir } }) });
    expect(await none.closePane("7f3a9c21")).toMatchObject({
      outcome: "failed",
      detail: "tmux: command not found",
    });
  });

  test("what is missing is said in the seed's words", async () => {
    const f = new Fixture();
    const w = f.workspaces();
    await expect(w.find(await f.repo(), "x")).rejects.toThrow(
      `no workspace found for repo "api" — run 'cco add <branch>' first`,
    );
    await w.add(await f.repo(), "x");
    await expect(w.find(await f.repo(), "feat/y")).rejects.toThrow(
      `no workspace window for branch "feat/y" — run 'cco add feat/y' first`,
    );
  });
});
