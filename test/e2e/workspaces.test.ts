import { existsSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { TestRepo } from "../support/repo.js";
import { commitBlock, Scene, SESSION_KEYS, type SessionJson } from "./scene.js";

interface Added {
  readonly worktree: string;
  readonly window: string;
  readonly setup: string;
}

describe("ls, rm, attach, notify", () => {
  it("ls has each workspace with its sessions; rm refuses, --force does it", async () => {
    const scene = new Scene();
    const { worktree, window } = await scene.json<Added>(["add", "feat/x"]);
    const session = await scene.json<SessionJson>(
      ["box", "push", scene.plan(commitBlock("a"))],
      0,
      { cwd: worktree },
    );
    await scene.ok(["box", "wait", session.sessionId]);
    const entries = await scene.json<{ branch: string; sessions: object[] }[]>(["ls"]);
    const entry = entries.find(({ branch }) => branch === "feat/x");
    expect(entry).toMatchObject({
      repo: scene.repo.dir,
      worktree,
      window,
      ahead: 0,
      behind: 0,
      dirty: false,
      sessions: [{ sessionId: session.sessionId }],
    });
    expect(Object.keys(entry ?? {})).toEqual([
      "repo",
      "branch",
      "worktree",
      "window",
      "ahead",
      "behind",
      "dirty",
      "sessions",
    ]);
    expect(Object.keys(entry?.sessions[0] ?? {})).toEqual(SESSION_KEYS);

    expect(await scene.json(["rm", "feat/x"], 6)).toMatchObject({
      error: { code: "REMOVE_REFUSED" },
    });
    expect(existsSync(worktree)).toBe(true);
    await scene.ok(["box", "pull", session.sessionId]);
    await scene.ok(["rm", "feat/x"]);
    expect(existsSync(worktree)).toBe(false);
    expect(scene.repo.git("log", "--format=%s", "feat/x")).toBe("add a\nfirst");
    await scene.ok(["rm", "feat/x", "-D"]);
    expect(scene.repo.git("branch", "--list", "feat/x")).toBe("");
  });

  it("attach needs a terminal; notify never fails", async () => {
    const scene = new Scene();
    await scene.ok(["add", "feat/x"]);
    expect(await scene.json(["attach", "feat/x"], 2)).toMatchObject({
      error: { code: "NOT_A_TERMINAL" },
    });
    await scene.ok(["attach", "none"], {}, 3);
    await scene.ok(["notify"]);
    await scene.ok(["notify"], { cwd: "/" });
    await scene.ok(["notify", "--no-such-flag", "x"]);
  });
});

describe("the set-up script", () => {
  function sceneWithScript(content = "#!/bin/sh\ntouch set-up\n"): Scene {
    const scene = new Scene();
    scene.repo.write({ "scripts/setup.sh": content });
    scene.repo.git("add", "-A");
    scene.repo.git("update-index", "--chmod=+x", "scripts/setup.sh");
    scene.repo.git("commit", "-qm", "setup");
    return scene;
  }

  it("is skipped with a note where nobody has confirmed it and nobody can be asked", async () => {
    const scene = sceneWithScript();
    const ran = await scene.cco(["add", "feat/x", "--json"]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain("scripts/setup.sh was not run");
    const added = JSON.parse(ran.stdout) as Added;
    expect(added.setup).toBe("skipped");
    expect(new TestRepo(added.worktree, scene.env).git("status", "--porcelain")).toBe("");
  });

  it("runs with --trust-setup, and is known from then on", async () => {
    const scene = sceneWithScript();
    const first = await scene.json<Added>(["add", "feat/x", "--trust-setup"]);
    expect(first.setup).toBe("done");
    expect(existsSync(`${first.worktree}/set-up`)).toBe(true);
    const second = await scene.json<Added>(["add", "feat/y"]);
    expect(second.setup).toBe("done");
  });

  it("prints no secret", async () => {
    const scene = sceneWithScript('#!/bin/sh\necho "it is $SOME_API_KEY."\n');
    const env = { SOME_API_KEY: "k-0123456789" };
    const { stderr, exitCode } = await scene.cco(["add", "feat/x", "--trust-setup"], { env });
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain("it is [SOME_API_KEY].\n");
  });
});
