import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { TestRepo } from "../support/repo.js";
import { CCO, commitBlock, Scene, untilLet, type SessionJson } from "./scene.js";

const PUSH = ["box", "push", "--no-pane"];

/** Nothing was made: no session, no guest, no ref. */
async function expectNothingMade(scene: Scene): Promise<void> {
  expect(await scene.sessions()).toEqual([]);
  const data = join(scene.env["XDG_DATA_HOME"] ?? "", "cco");
  // An id that was given away stays known: `gc` must tell its guest from another machine's.
  expect(entries(join(data, "exchange")).filter((name) => name !== "given")).toEqual([]);
  expect(entries(join(data, "guests"))).toEqual([]);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

describe("the plan", () => {
  it.each<[string, (scene: Scene) => string, number, string, string]>([
    ["without a name", () => "", 3, "PLAN_NOT_FOUND", "the plan's name is empty"],
    ["missing", () => "no/such.md", 3, "PLAN_NOT_FOUND", "plan file not found: no/such.md"],
    [
      "empty",
      (scene) => {
        scene.repo.write({ "empty.md": " \n" });
        return "empty.md";
      },
      1,
      "PLAN_EMPTY",
      "the plan is empty: empty.md",
    ],
    [
      "a folder",
      (scene) => {
        mkdirSync(scene.repo.path("docs"));
        return "docs";
      },
      1,
      "PLAN_IS_FOLDER",
      "the plan is a folder: docs",
    ],
    [
      "unreadable",
      (scene) => {
        symlinkSync("/proc/self/mem", scene.repo.path("odd.md"));
        return "odd.md";
      },
      1,
      "PLAN_UNREADABLE",
      "the plan cannot be read: odd.md (EIO)",
    ],
    [
      "without a block to carry out",
      (scene) => {
        scene.repo.write({ "words.md": "only words\n" });
        return "words.md";
      },
      1,
      "PLAN_HAS_NO_STEPS",
      "the plan has no fenced sh or bash block: words.md",
    ],
  ])("%s", async (_what, make, exitCode, code, message) => {
    const scene = new Scene();
    const plan = make(scene);
    const error = await scene.json([...PUSH, plan], exitCode);
    expect(error).toMatchObject({ error: { code, message } });
    await expectNothingMade(scene);
  });
});

describe("a home that cannot be made", () => {
  const home = "/proc/self/fdinfo/x";
  const env = { HOME: home, XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config` };

  it.each([
    ["add", "feat/x"],
    ["box", "push", "--no-pane", "plan.md"],
  ])("%s %s", async (...args) => {
    const scene = new Scene();
    scene.repo.write({ "plan.md": "```sh\ntrue\n```\n" });
    const { exitCode, stderr } = await scene.cco(args, { env });
    expect(stderr).toMatch(/^cco: cannot write \/proc\/self\/fdinfo\/x\/.*: it cannot be made$/m);
    expect(exitCode).toBe(1);
  });
});

describe("the workspace", () => {
  it("no tmux session, then no window of the branch: the seed's messages", async () => {
    const scene = new Scene();
    const plan = scene.plan("true");
    const without = await scene.cco(["box", "push", plan]);
    expect(without).toMatchObject({ exitCode: 3, stdout: "" });
    expect(without.stderr.split("\n")[0]).toBe(
      `cco: no workspace found for repo "app" — run 'cco add <branch>' first`,
    );
    await scene.ok(["add", "feat/x"]);
    const noWindow = await scene.cco(["box", "push", plan]);
    expect(noWindow).toMatchObject({ exitCode: 3, stdout: "" });
    expect(noWindow.stderr.split("\n")[0]).toBe(
      `cco: no workspace window for branch "main" — run 'cco add main' first`,
    );
    await expectNothingMade(scene);
    // In the main worktree it takes the flag: what the hint says works.
    expect(noWindow.stderr.split("\n")[1]).toBe("  → cco add --here main");
    await scene.ok(["add", "--here", "main"]);
    await scene.ok(["box", "push", plan]);
  });

  it("of a branch in a worktree of cco's: its hint opens the window again", async () => {
    const scene = new Scene();
    await scene.ok(["add", "feat/x"]);
    const trees = scene.repo.git("worktree", "list", "--porcelain");
    const tree = /^worktree (.*feat-x)$/m.exec(trees)?.[1] ?? "";
    scene.tmux.run("kill-server");
    const ran = await scene.cco(["box", "push", scene.plan("true")], { cwd: tree });
    expect(ran.stderr.split("\n")[1]).toBe("  → cco add feat/x");
    await expectNothingMade(scene);
  });

  it("the plan is looked at first", async () => {
    const scene = new Scene();
    expect((await scene.cco(["box", "push", "none.md"])).stderr.split("\n")[0]).toBe(
      "cco: plan file not found: none.md",
    );
  });
});

describe("the repository", () => {
  it.each<[string, (scene: Scene) => string, number, string]>([
    [
      "none",
      (scene) => {
        mkdirSync(join(scene.dir, "none"));
        return join(scene.dir, "none");
      },
      1,
      "NOT_A_REPOSITORY",
    ],
    [
      "bare",
      (scene) => {
        scene.repo.git("clone", "-q", "--bare", ".", "../bare.git");
        return join(scene.dir, "bare.git");
      },
      1,
      "BARE_REPOSITORY",
    ],
    [
      "no commits",
      (scene) => TestRepo.init({ dir: join(scene.dir, "unborn"), env: scene.env }).dir,
      3,
      "UNBORN_BRANCH",
    ],
    [
      "detached HEAD",
      (scene) => {
        scene.repo.git("checkout", "-q", "--detach");
        return scene.repo.dir;
      },
      3,
      "DETACHED_HEAD",
    ],
    [
      "in the middle of a rebase",
      (scene) => {
        scene.repo.git("branch", "side");
        scene.repo.commit({ f: "one\n" }, "one");
        scene.repo.git("checkout", "-q", "side");
        scene.repo.commit({ f: "two\n" }, "two");
        expect(scene.repo.tryGit({}, "rebase", "main").exitCode).not.toBe(0);
        return scene.repo.dir;
      },
      3,
      "OPERATION_IN_PROGRESS",
    ],
  ])("%s", async (_what, make, exitCode, code) => {
    const scene = new Scene();
    const dir = make(scene);
    const plan = scene.plan("true");
    const error = await scene.json([...PUSH, plan], exitCode, { cwd: dir });
    expect(error).toMatchObject({ error: { code } });
    await expectNothingMade(scene);
  });
});

describe("a worktree of a bare repository", () => {
  it.each(["bare.git", "project/.bare"])(
    "%s: pushed from, pulled to, forgotten",
    async (folder) => {
      const scene = new Scene();
      const { dir, env } = scene.repo;
      scene.repo.git("clone", "-q", "--bare", ".", join("..", folder));
      const bare = new TestRepo(join(scene.dir, folder), env);
      bare.git("worktree", "add", "-q", join(scene.dir, "tree"), "main");
      const cwd = join(scene.dir, "tree");
      // `hooks/` of a tree is no folder of hooks, though the bare repository has one of that name.
      const plan = scene.plan("mkdir hooks; echo x >hooks/x; git add .; git commit -qm hooks");
      const push = [...PUSH, plan];
      const { sessionId } = await scene.json<SessionJson>(push, 0, { cwd });
      await scene.ok(["box", "pull", sessionId], { cwd });
      expect(new TestRepo(cwd, env).git("log", "--format=%s")).toBe("hooks\nfirst");
      await scene.ok(["box", "rm", sessionId], { cwd: dir });
      expect(bare.git("for-each-ref", "refs/cco")).toBe("");
    },
  );
});

describe("the configuration", () => {
  it.each([
    ["empty", ""],
    ["with a byte order mark", "\uFEFF{}\n"],
  ])("%s, and a link to elsewhere: taken, and changed where it is", async (_what, text) => {
    const scene = new Scene();
    const folder = join(scene.env["XDG_CONFIG_HOME"] ?? "", "cco");
    const real = join(scene.dir, "dotfile.json");
    mkdirSync(folder, { recursive: true });
    writeFileSync(real, text);
    symlinkSync(real, join(folder, "config.json"));
    await scene.ok(["config", "set", "agent", "codex"]);
    expect(readFileSync(real, "utf8")).toBe('{\n  "agent": "codex"\n}\n');
  });

  it("of the repository: refused though the push could do without", async () => {
    const scene = new Scene();
    scene.repo.write({ ".cco/config.json": '{ "backend": "lima" }' });
    const push = [...PUSH, scene.plan("true"), "--agent", "runbook"];
    expect(await scene.json(push, 2)).toMatchObject({ error: { code: "CONFIG_INVALID" } });
    await expectNothingMade(scene);
  });
});

describe("the branch since the push", () => {
  it("deleted: the result is safe under the session's ref", async () => {
    const scene = new Scene();
    scene.repo.git("checkout", "-q", "-b", "work");
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    scene.repo.git("checkout", "-q", "main");
    scene.repo.git("branch", "-D", "work");
    const error = await scene.json(["box", "pull", sessionId], 6);
    expect(error).toMatchObject({ error: { code: "BRANCH_GONE" } });
    expect(scene.repo.git("show", `refs/cco/sessions/${sessionId}:a`)).toBe("a");
    await scene.ok(["box", "pull", sessionId, "--to", "work"]);
    expect(scene.repo.git("log", "--format=%s", "work")).toBe("add a\nfirst");
  });

  it("left for another: it advances all the same, and the other is not touched", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    scene.repo.git("checkout", "-q", "-b", "elsewhere");
    await scene.ok(["box", "pull", sessionId]);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    expect(scene.repo.git("log", "--format=%s", "elsewhere")).toBe("first");
    expect(scene.repo.git("status", "--porcelain")).toBe("");
  });

  it("checked out in another worktree: that one advances", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    scene.repo.git("checkout", "-q", "-b", "elsewhere");
    scene.repo.git("worktree", "add", "-q", "../other", "main");
    await scene.ok(["box", "pull", sessionId]);
    const other = new TestRepo(join(scene.dir, "other"), scene.env);
    expect(other.git("status", "--porcelain")).toBe("");
    expect(other.git("show", "HEAD:a")).toBe("a");
  });

  it.each([
    ["changed", "README.md", "mine\n"],
    ["untracked", "a", "mine\n"],
    ["ignored", "ignored.env", "mine\n"],
  ])("a %s file that the result touches is kept", async (_what, file, content) => {
    const scene = new Scene();
    scene.repo.commit({ ".gitignore": "*.env\n" }, "ignore");
    const { sessionId } = await scene.push(
      scene.plan(
        "echo theirs >README.md; echo theirs >a; echo theirs >ignored.env\ngit add -f README.md a ignored.env\ngit commit -qm all",
      ),
    );
    scene.repo.write({ [file]: content });
    const error = await scene.cco(["box", "pull", sessionId]);
    expect(error.exitCode).toBe(6);
    expect(error.stderr).toContain(file);
    expect(scene.repo.git("log", "-1", "--format=%s", "main")).toBe("ignore");
    rmSync(scene.repo.path(file));
    if (file === "README.md") scene.repo.git("checkout", "--", file);
    await scene.ok(["box", "pull", sessionId]);
    expect(scene.repo.git("log", "-1", "--format=%s", "main")).toBe("all");
  });

  it("other dirty files do not matter", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    scene.repo.write({ "README.md": "mine\n", "mine.txt": "mine\n" });
    await scene.ok(["box", "pull", sessionId]);
    expect(scene.repo.git("status", "--porcelain")).toBe(" M README.md\n?? mine.txt");
  });
});

describe("the session id", () => {
  it.each([
    ["unknown", "00000000", 3, "SESSION_NOT_FOUND"],
    ["malformed", "../../etc", 2, "SESSION_ID_MALFORMED"],
    ["malformed", "7f3a9c2g", 2, "SESSION_ID_MALFORMED"],
  ])("%s: %s", async (_what, id, exitCode, code) => {
    const scene = new Scene();
    for (const command of ["pull", "wait", "rm"]) {
      expect(await scene.json(["box", command, id], exitCode), command).toMatchObject({
        error: { code },
      });
    }
  });

  it("ambiguous: names the candidates", async () => {
    const scene = new Scene();
    const plan = scene.plan("true");
    // Seventeen ids have two with the same first digit.
    const sessions = await scene.json<SessionJson[]>([...PUSH, plan, "--count", "17"]);
    const firsts = sessions.map(({ sessionId }) => sessionId.charAt(0));
    const twice = firsts.find((digit, index) => firsts.indexOf(digit) !== index) ?? "";
    const candidates = sessions.map((one) => one.sessionId).filter((id) => id.startsWith(twice));
    const ran = await scene.cco(["box", "pull", twice]);
    expect(ran.exitCode).toBe(2);
    for (const id of candidates) expect(ran.stderr).toContain(id);
  });
});

describe("--to", () => {
  it("what is no branch name is refused before the wait", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(untilLet));
    const error = await scene.json(["box", "pull", sessionId, "--to", "a..b"], 2);
    expect(error).toMatchObject({ error: { code: "BRANCH_NAME_INVALID" } });
    expect(await scene.sessions()).toMatchObject([{ state: "running" }]);
  });
});

describe("the agent", () => {
  it.each([
    ["not installed", "claude", 1, "AGENT_NOT_FOUND"],
    ["not known", "nobody", 2, "AGENT_UNKNOWN"],
  ])("%s", async (_what, agent, exitCode, code) => {
    const scene = new Scene();
    const plan = scene.plan("true");
    // Whatever the machine has installed: only the system's own programs are found.
    const settings = { env: { PATH: systemPath(scene), ANTHROPIC_API_KEY: "sk-ant-a-test" } };
    const error = await scene.json([...PUSH, plan, "--agent", agent], exitCode, settings);
    expect(error).toMatchObject({ error: { code } });
    await expectNothingMade(scene);
  });

  it("killed: failed, and its commits come home", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a"), "kill -9 $PPID; sleep 60"));
    const session = await scene.json<SessionJson>(["box", "pull", sessionId], 4);
    expect(session.state).toBe("failed");
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  });

  it("exits 255", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan("exit 255"));
    const session = await scene.json<SessionJson>(["box", "wait", sessionId], 4);
    expect(session).toMatchObject({ state: "failed", reason: "exit", exitCode: 255 });
  });
});

describe("tools that are missing or too old", () => {
  it.each([
    ["git", 1, "GIT_MISSING"],
    ["bwrap", 7, "BOX_MISSING"],
  ])("%s missing", async (tool, exitCode, code) => {
    const scene = new Scene();
    const plan = scene.plan("true");
    const error = await scene.json<{ error: { code: string; hint: string } }>(
      [...PUSH, plan],
      exitCode,
      { env: { PATH: systemPath(scene, { without: tool }) } },
    );
    expect(error).toMatchObject({ error: { code } });
    expect(error.error.hint).not.toBe("");
    await expectNothingMade(scene);
  });

  it("tmux missing", async () => {
    const scene = new Scene();
    const env = { PATH: systemPath(scene, { without: "tmux" }) };
    expect(await scene.json(["add", "feat/x"], 1, { env })).toMatchObject({
      error: { code: "TMUX_MISSING" },
    });
    const report = await scene.json<{ ok: boolean }>(["doctor"], 1, { env });
    expect(report.ok).toBe(false);
  });

  it.each([
    ["git", "git version 2.20.1", 1, "GIT_TOO_OLD"],
    ["tmux", "tmux 2.9", 1, "TMUX_TOO_OLD"],
  ])("%s too old", async (tool, version, exitCode, code) => {
    const scene = new Scene();
    const old = { [tool]: `#!/bin/sh\necho '${version}'\n` };
    const env = { PATH: systemPath(scene, { without: tool, instead: old }) };
    const error = await scene.json(["add", "feat/x"], exitCode, { env });
    expect(error).toMatchObject({ error: { code } });
  });
});

describe("what the guest sends", () => {
  it("its bytes are gone: exit 8", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    await scene.ok(["box", "wait", sessionId]);
    rmSync(join(scene.inGuest(sessionId, ".."), "."), { recursive: true });
    await scene.ok(["box", "pull", sessionId], {}, 8);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
  });

  it("an unreadable session.json is a note in ls and exit 8 for that session", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan("true"));
    const other = await scene.push(scene.plan("true"));
    const record = join(
      scene.env["XDG_DATA_HOME"] ?? "",
      "cco/exchange",
      sessionId,
      "session.json",
    );
    writeFileSync(record, "{ half");
    const ran = await scene.cco(["box", "ls", "-v", "--json"]);
    expect(ran.exitCode).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject([{ sessionId: other.sessionId }]);
    expect(ran.stderr).toContain(sessionId);
    await scene.ok(["box", "pull", sessionId], {}, 8);
    await scene.ok(["box", "rm", "--force", sessionId]);
  });
});

describe("stdout", () => {
  it.each([
    ["box", "ls"],
    ["box", "ls", "--json"],
    ["box", "pull", "00000000", "--json"],
  ])("full: said on stderr, %s %s", (...args) => {
    const { dir, env } = new Scene().repo;
    const argv = ["-c", 'exec "$@" >/dev/full', "sh", process.execPath, CCO, ...args];
    const { status, stderr } = spawnSync("sh", argv, { cwd: dir, env, encoding: "utf8" });
    expect(stderr).toMatch(/^cco: cannot write to stdout: ENOSPC\n {2}→ .*\n$/);
    expect(status).toBe(args.includes("pull") ? 3 : 1);
  });

  it("full: --version says it too", () => {
    const argv = ["-c", 'exec "$@" >/dev/full', "sh", process.execPath, CCO, "--version"];
    const { status, stderr } = spawnSync("sh", argv, { encoding: "utf8" });
    expect(stderr).toBe("cco: cannot write to stdout: ENOSPC\n");
    expect(status).toBe(1);
  });

  it("a reader that is gone is no failure", async () => {
    const started = new Scene().start(["--version"]);
    started.child.stdout?.destroy();
    expect(await started.ended).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("wrong usage is exit 2", () => {
  it.each([
    [["bx"], "cco: unknown command 'bx'\n  → did you mean box?\n"],
    [
      ["box", "send", "00000000", ""],
      'cco: there is no text to send\n  → cco box send <session> "what the agent is to know"\n',
    ],
    [["box", "ls", "--al"], "cco: unknown option '--al'\n  → did you mean --all?\n"],
    [
      ["box", "status", "--backend", "x"],
      "cco: no such backend: x\n  → there is: local, lima, container, kubernetes\n",
    ],
    [
      ["box", "pull", "00000000", "--allow", "symlink-escap"],
      "cco: no such rule: symlink-escap\n  → did you mean symlink-escape?\n",
    ],
  ])("%j", async (argv, stderr) => {
    const scene = new Scene();
    expect(await scene.cco(argv)).toEqual({ exitCode: 2, stdout: "", stderr });
  });
});

/**
 * A PATH with the machine's own programs and Node, some of them left out or replaced by scripts.
 */
function systemPath(
  scene: Scene,
  options: { readonly without?: string; readonly instead?: Record<string, string> } = {},
): string {
  const folder = join(scene.dir, "bin");
  mkdirSync(folder);
  for (const source of ["/bin", "/usr/bin"]) {
    for (const name of entries(source)) {
      if (name === options.without || name === "claude") continue;
      link(join(source, name), join(folder, name));
    }
  }
  for (const [name, text] of Object.entries(options.instead ?? {})) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  }
  link(process.execPath, join(folder, "node"));
  return folder;
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
