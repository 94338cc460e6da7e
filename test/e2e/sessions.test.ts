import { existsSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { commitBlock, Scene, SESSION_KEYS, untilLet, type SessionJson } from "./scene.js";

/** An id that no session has. */
const NO_SESSION = "00000000";

describe("push", () => {
  it("--json is one session with every key; -q is its id; --count is an array", async () => {
    const scene = new Scene();
    const plan = scene.plan(commitBlock("a"));
    const session = await scene.push(plan);
    expect(Object.keys(session)).toEqual(SESSION_KEYS);
    expect(session).toMatchObject({
      repo: scene.repo.dir,
      branch: "main",
      backend: "local",
      agent: "runbook",
      host: null,
      baseCommit: scene.repo.rev("main"),
      pane: null,
      pulled: false,
      result: null,
    });
    expect(await scene.ok(["box", "push", plan, "--no-pane", "-q"])).toMatch(/^[0-9a-f]{8}$/);
    const three = await scene.json<SessionJson[]>([
      "box",
      "push",
      plan,
      "--no-pane",
      "--count",
      "3",
    ]);
    expect(new Set(three.map(({ sessionId }) => sessionId)).size).toBe(3);
    expect(await scene.sessions()).toHaveLength(5);
  });

  it("--with-changes sends what is not committed, and lands beside the branch", async () => {
    const scene = new Scene();
    scene.repo.write({ "README.md": "changed\n", "new.txt": "new\n" });
    const plan = scene.plan("test -e new.txt\ngrep -q changed README.md", commitBlock("a"));
    const { sessionId } = await scene.push(plan, "--with-changes");
    await scene.ok(["box", "pull", sessionId]);
    expect(scene.repo.git("show", `cco/${sessionId}:new.txt`)).toBe("new");
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
    expect(scene.repo.git("status", "--porcelain")).toBe(" M README.md\n?? new.txt");
  });

  it("the setting `plans` names a folder to look in", async () => {
    const scene = new Scene();
    scene.repo.commit({
      ".cco/config.json": '{ "plans": "docs/plans" }',
      "docs/plans/p.md": "```sh\ntrue\n```\n",
    });
    const session = await scene.push("p.md");
    expect(session.plan).toBe("docs/plans/p.md");
  });
});

describe("pull", () => {
  it("again is a note and moves nothing", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    const pulled = await scene.json<SessionJson>(["box", "pull", sessionId]);
    expect(Object.keys(pulled)).toEqual(SESSION_KEYS);
    expect(pulled).toMatchObject({ state: "succeeded", pulled: true, result: { commits: 1 } });
    expect(pulled.result?.ref).toBe(`refs/cco/sessions/${sessionId}`);
    expect(Object.keys(pulled.result ?? {})).toEqual([
      "commits",
      "tip",
      "ref",
      "salvaged",
      "findings",
    ]);
    const tip = scene.repo.rev("main");
    const again = await scene.cco(["box", "pull", sessionId]);
    expect(again).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: `cco: session ${sessionId} is already pulled\n`,
    });
    expect(scene.repo.rev("main")).toBe(tip);
  });

  it("a session is named by a unique prefix", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    await scene.ok(["box", "pull", sessionId.slice(0, 4)]);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  });

  it("--timeout 0 while it runs is 124 and moves nothing", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(untilLet, commitBlock("a")));
    const error = await scene.json(["box", "pull", sessionId, "--timeout", "0"], 124);
    expect(error).toMatchObject({ error: { code: "WAIT_TIMED_OUT" } });
    await scene.goesOnAndLands(sessionId);
  });

  it("two at once: one works, the other says that it is pulled", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(untilLet, commitBlock("a")));
    const pulls = [1, 2].map(() => scene.cco(["box", "pull", sessionId]));
    scene.letGo(sessionId);
    const ran = await Promise.all(pulls);
    expect(ran.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(ran.filter(({ stderr }) => stderr.includes("already pulled"))).toHaveLength(1);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  });

  it("--snapshot brings what there is so far to the session's ref only", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(
      scene.plan(commitBlock("a"), untilLet, commitBlock("b")),
    );
    await scene.untilMade(sessionId, "here");
    const snapshot = await scene.json<SessionJson>(["box", "pull", sessionId, "--snapshot"]);
    expect(snapshot).toMatchObject({ state: "running", pulled: false, result: { commits: 1 } });
    expect(scene.repo.git("log", "--format=%s", snapshot.result?.ref ?? "")).toBe("add a\nfirst");
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
    scene.letGo(sessionId);
    await scene.ok(["box", "pull", sessionId]);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add b\nadd a\nfirst");
  });

  it.each([
    ["--merge", ["add a", "first", "meanwhile"], 2],
    ["--rebase", ["add a", "first", "meanwhile"], 1],
    ["--squash", ["first", "meanwhile"], 1],
  ])("%s joins a branch that moved on", async (flag, subjects, parents) => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    scene.repo.commit({ "other.txt": "other\n" }, "meanwhile");
    const error = await scene.json(["box", "pull", sessionId], 6);
    expect(error).toMatchObject({ error: { code: "BRANCH_DIVERGED" } });
    expect(scene.repo.git("show", `refs/cco/sessions/${sessionId}:a`)).toBe("a");

    await scene.ok(["box", "pull", sessionId, flag]);
    expect(scene.repo.git("log", "--format=%s", "main").split("\n")).toEqual(
      expect.arrayContaining(subjects),
    );
    expect(scene.repo.git("log", "-1", "--format=%P", "main").split(" ")).toHaveLength(parents);
    expect(scene.repo.git("show", "main:a")).toBe("a");
    expect(scene.repo.git("show", "main:other.txt")).toBe("other");
    expect(scene.repo.git("status", "--porcelain")).toBe("");
  });

  it("--to makes another branch", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    await scene.ok(["box", "pull", sessionId, "--to", "try/one"]);
    expect(scene.repo.git("log", "--format=%s", "try/one")).toBe("add a\nfirst");
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
  });

  it("--check runs on the result before the branch moves", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    const error = await scene.json(["box", "pull", sessionId, "--check", "test -e missing"], 5);
    expect(error).toMatchObject({ error: { code: "CHECK_FAILED" } });
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
    await scene.ok(["box", "pull", sessionId, "--check", "test -e a"]);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  });

  it("refuses what intake blocks, names the rule, and --allow lets it through", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(
      scene.plan("ln -s /etc/passwd link\ngit add link\ngit commit -q -m link"),
    );
    const ran = await scene.cco(["box", "pull", sessionId]);
    expect(ran.exitCode).toBe(5);
    expect(ran.stderr).toContain("block: symlink-escape link");
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
    await scene.ok(["box", "pull", sessionId, "--allow", "symlink-escape"]);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("link\nfirst");
  });

  it("a failing agent is exit 4; its commits land, what it left is salvaged", async () => {
    const scene = new Scene();
    const plan = scene.plan(commitBlock("a"), "echo half >half.txt\nexit 7");
    const { sessionId } = await scene.push(plan);
    const session = await scene.json<SessionJson>(["box", "pull", sessionId], 4);
    expect(session).toMatchObject({
      state: "failed",
      reason: "exit",
      exitCode: 7,
      pulled: true,
      result: { commits: 1, salvaged: true },
    });
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    expect(scene.repo.git("show", `refs/cco/salvage/${sessionId}:half.txt`)).toBe("half");
  });

  it("no commits is no failure", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan("true"));
    const session = await scene.json<SessionJson>(["box", "pull", sessionId]);
    expect(session).toMatchObject({ state: "succeeded", result: { commits: 0 } });
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
  });
});

describe("wait", () => {
  it("the worst of several counts, and --any needs one only", async () => {
    const scene = new Scene();
    const good = await scene.push(scene.plan("true"));
    const bad = await scene.push(scene.plan("exit 3"));
    const long = await scene.push(scene.plan(untilLet));
    const both = [good.sessionId, bad.sessionId];
    await scene.ok(["box", "wait", good.sessionId]);
    const sessions = await scene.json<SessionJson[]>(["box", "wait", ...both], 4);
    expect(sessions.map(({ state }) => state)).toEqual(["succeeded", "failed"]);
    const any = await scene.json<SessionJson[]>([
      "box",
      "wait",
      "--any",
      long.sessionId,
      good.sessionId,
    ]);
    expect(any.map(({ state }) => state)).toEqual(["running", "succeeded"]);
    const late = await scene.json<SessionJson>(
      ["box", "wait", long.sessionId, "--timeout", "0"],
      124,
    );
    expect(late).toMatchObject({ sessionId: long.sessionId, state: "running" });
    scene.letGo(long.sessionId);
    await scene.ok(["box", "wait", "--all"]);
  });
});

describe("looking, stopping, removing", () => {
  it("logs: without escapes, the last lines, and following to the end", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(
      scene.plan("printf '\\033[31mred\\033[0m\\n'", untilLet),
    );
    await scene.untilMade(sessionId, "here");
    const following = scene.start(["box", "logs", sessionId, "-f"]);
    scene.letGo(sessionId);
    const followed = await following.ended;
    expect(followed.exitCode).toBe(0);
    expect(followed.stdout).toContain("\nred\n");
    expect(followed.stdout).toContain("== all 2 blocks done");
    expect(followed.stdout).not.toContain("\u001b");
    expect(await scene.ok(["box", "logs", sessionId, "--raw"])).toContain("\u001b[31mred");
    expect(await scene.ok(["box", "logs", sessionId, "--tail", "1"])).toBe("== all 2 blocks done");
  });

  it("diff tells commits, files and findings, and --stat the files", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
    await scene.ok(["box", "wait", sessionId]);
    const diff = await scene.json<{ tip: string }>(["box", "diff", sessionId]);
    expect(diff).toEqual({
      sessionId,
      base: scene.repo.rev("main"),
      tip: diff.tip,
      commits: [
        {
          sha: diff.tip,
          subject: "add a",
          author: expect.stringContaining("Test Person") as string,
          date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        },
      ],
      files: [{ path: "a", status: "A", added: 1, removed: 0 }],
      findings: [],
    });
    expect(await scene.ok(["box", "diff", sessionId, "--stat"])).toMatch(/A +\+1 +-0 +a$/m);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
  });

  it("cancel stops the agent; what it left stays pullable", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(commitBlock("a"), untilLet));
    await scene.untilMade(sessionId, "here");
    const session = await scene.json<SessionJson>(["box", "cancel", sessionId]);
    expect(session.state).toBe("cancelled");
    await scene.ok(["box", "wait", sessionId], {}, 4);
    await scene.ok(["box", "pull", sessionId], {}, 4);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  });

  it("rm refuses while there is unpulled work or a running agent; --force does it", async () => {
    const scene = new Scene();
    const done = await scene.push(scene.plan(commitBlock("a")));
    const running = await scene.push(scene.plan(untilLet));
    await scene.ok(["box", "wait", done.sessionId]);
    expect(await scene.json(["box", "rm", done.sessionId], 6)).toMatchObject({
      error: { code: "UNPULLED_WORK" },
    });
    expect(await scene.json(["box", "rm", running.sessionId], 6)).toMatchObject({
      error: { code: "SESSION_RUNNING" },
    });
    expect(await scene.sessions()).toHaveLength(2);
    await scene.ok(["box", "rm", "--force", done.sessionId, running.sessionId]);
    expect(await scene.sessions()).toEqual([]);
    expect(existsSync(scene.inGuest(running.sessionId, "."))).toBe(false);
  });

  it("gc removes what is pulled and keeps what is not", async () => {
    const scene = new Scene();
    const pulled = await scene.push(scene.plan(commitBlock("a")));
    const kept = await scene.push(scene.plan(commitBlock("b")));
    await scene.ok(["box", "pull", pulled.sessionId]);
    await scene.ok(["box", "wait", kept.sessionId]);
    const dry = await scene.json<{ removed: { id: string }[] }>(["box", "gc", "--dry-run"]);
    expect(dry.removed.map(({ id }) => id)).toContain(pulled.sessionId);
    expect(dry.removed.map(({ id }) => id)).not.toContain(kept.sessionId);
    expect(await scene.sessions()).toHaveLength(2);
    const { exitCode, stderr } = await scene.cco(["box", "gc"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `cco: kept, unpulled: session ${kept.sessionId}\n`,
    });
    expect((await scene.sessions()).map(({ sessionId }) => sessionId)).toEqual([kept.sessionId]);
  });

  it("logs hide a secret that the agent printed", async () => {
    const scene = new Scene();
    const env = { SOME_API_KEY: "k-0123456789" };
    const { sessionId } = await scene.push(scene.plan(`echo "it is ${env.SOME_API_KEY}."`));
    await scene.ok(["box", "wait", sessionId]);
    const logs = (...flags: string[]): Promise<string> =>
      scene.ok(["box", "logs", sessionId, ...flags], { env });
    expect(await logs()).toContain("it is [SOME_API_KEY].");
    for (const flags of [[], ["--tail", "20"], ["--json"]]) {
      expect(await logs(...flags)).not.toContain(env.SOME_API_KEY);
    }
  });

  it("ls is of this repository, newest first; --all of all", async () => {
    const scene = new Scene();
    const older = await scene.push(scene.plan("true"));
    const newer = await scene.push(scene.plan("true"));
    const ids = await scene.ok(["box", "ls", "-q"]);
    expect(ids.split("\n")).toEqual([newer.sessionId, older.sessionId]);
    expect(await scene.ok(["box", "ls"])).toMatch(/^SESSION +STATE +BRANCH +AGENT +PLAN/);
    const other = new Scene();
    expect(await scene.json(["box", "ls", "--repo", other.repo.dir])).toEqual([]);
    expect(
      await scene.json<SessionJson[]>(["box", "ls", "--all", "--repo", other.repo.dir]),
    ).toHaveLength(2);
  });
});

describe("the box, doctor, configuration, completion", () => {
  it("status, create and doctor", async () => {
    const scene = new Scene();
    const status = await scene.json<object>(["box", "status"]);
    expect(Object.keys(status)).toEqual([
      "backend",
      "host",
      "name",
      "status",
      "version",
      "network",
      "disk",
      "memory",
      "clockDifferenceMs",
      "sessions",
    ]);
    expect(status).toMatchObject({ backend: "local", status: "running", sessions: 0 });
    expect(await scene.ok(["box", "create"])).toBe("Box local is ready.");
    const report = await scene.json<{ ok: boolean; checks: { name: string }[] }>(["doctor"]);
    expect(report.ok).toBe(true);
    const names = report.checks.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["node", "git", "tmux", "bubblewrap"]));
  });

  it("config: where a value comes from, one changed value, what a repository may not", async () => {
    const scene = new Scene();
    const file = join(scene.env["XDG_CONFIG_HOME"] ?? "", "cco/config.json");
    expect(await scene.ok(["config", "path"])).toBe(file);
    await scene.ok(["config", "init"]);
    await scene.ok(["config", "init"], {}, 1);
    await scene.ok(["config", "set", "backends.local.network.policy", "none"]);
    expect(await scene.json(["config", "show"])).toEqual({
      backend: { value: "local", source: "user", file },
      agent: { value: "runbook", source: "environment", file: null },
      "backends.local.network.policy": { value: "none", source: "user", file },
    });
    expect(await scene.ok(["config", "get", "backends.local.network.policy"])).toBe("none");
    expect(await scene.json(["config", "get", "backends"])).toEqual({
      local: { network: { policy: "none" } },
    });
    expect(await scene.ok(["config", "get", "plans"])).toBe("");
    expect(await scene.json(["config", "get", "plan"], 2)).toMatchObject({
      error: { code: "CONFIG_INVALID", hint: 'did you mean "plans"?' },
    });
    const wrong = await scene.cco(["config", "set", "agnet", "runbook"]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toBe(`cco: ${file}: unknown key "agnet"\n  → did you mean "agent"?\n`);
    scene.repo.write({ ".cco/config.json": '{ "backend": "local" }' });
    const ran = await scene.cco(["config", "show"]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('a repository may not set "backend"');
  });

  it("completion knows commands, flags, sessions, branches and agents", async () => {
    const scene = new Scene();
    scene.repo.git("branch", "feat/y");
    const { sessionId } = await scene.push(scene.plan("true"));
    const words = async (...typed: string[]) =>
      (await scene.ok(["__complete", "--", ...typed])).split("\n");
    expect(await words("bo")).toEqual(["box"]);
    expect(await words("box", "pu")).toEqual(["push", "pull"]);
    expect(await words("box", "pull", sessionId.slice(0, 3))).toEqual([sessionId]);
    expect(await words("box", "pull", sessionId, "--sn")).toEqual(["--snapshot"]);
    expect(await words("add", "feat")).toEqual(["feat/y"]);
    expect(await words("box", "push", "--agent", "r")).toEqual(["runbook"]);
    expect(await words("box", "push", "")).toEqual([":files"]);
    expect(await words("box", "push", "--backend", "")).toEqual([
      "local",
      "lima",
      "container",
      "kubernetes",
    ]);
  });

  it("-v traces each external command on stderr, and stdout stays the result", async () => {
    const scene = new Scene();
    const ran = await scene.cco(["box", "ls", "--json", "-v"]);
    expect(JSON.parse(ran.stdout)).toEqual([]);
    expect(ran.stderr).toMatch(/^\[\d+ ms, exit 0\] git /m);
  });

  it("a session that does not exist is exit 3", async () => {
    const scene = new Scene();
    for (const command of ["pull", "wait", "logs", "cancel", "diff", "rm"]) {
      expect(await scene.json(["box", command, NO_SESSION], 3), command).toMatchObject({
        error: { code: "SESSION_NOT_FOUND" },
      });
    }
  });
});
