import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { TestRepo } from "../support/repo.js";
import { waitFor } from "../support/wait-for.js";
import { commitBlock, SESSION_KEYS, untilLet, type Scene, type SessionJson } from "./scene.js";

/** Pane ids by the session they show. */
function panes(scene: Scene): Map<string, string> {
  const lines = scene.tmux.run("list-panes", "-a", "-F", "#{@cco-session} #{pane_id}").split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [session = "", pane = ""] = line.split(" ");
      return session === "" ? [] : [[session, pane] as const];
    }),
  );
}

async function addWorkspace(scene: Scene, branch: string): Promise<TestRepo> {
  const added = await scene.json<{ worktree: string }>(["add", branch]);
  return new TestRepo(added.worktree, scene.env);
}

/**
 * The main job on the built `cco`, for whatever box a scene's configuration names.
 *
 * @param makeScene called once in each case
 */
export function mainJobCases(makeScene: () => Scene): void {
  describe("add, push, a live pane, wait, pull", () => {
    it("brings the agent's commits to the branch and closes the pane", async () => {
      const scene = makeScene();
      const worktree = await addWorkspace(scene, "feat/x");
      expect(worktree.dir).toBe(
        join(scene.env["XDG_DATA_HOME"] ?? "", "cco/worktrees/app/app-feat-x"),
      );
      const plan = scene.plan(untilLet, commitBlock("a"), commitBlock("b"));

      const pushed = await scene.ok(["box", "push", plan], { cwd: worktree.dir });
      const id =
        /^Session ([0-9a-f]{8}) started\. Pull with: cco box pull \1$/.exec(pushed)?.[1] ?? "";
      expect(id).not.toBe("");
      const pane = panes(scene).get(id) ?? "";
      await scene.tmux.waitForText(pane, "touch here");
      const [running] = await scene.json<SessionJson[]>(["box", "ls"]);
      expect(running).toMatchObject({ sessionId: id, state: "running", pane, branch: "feat/x" });

      scene.letGo(id);
      expect(await scene.ok(["box", "wait", id])).toBe(`Session ${id} succeeded.`);
      const pulled = await scene.ok(["box", "pull", id]);
      expect(pulled).toMatch(`Session ${id} succeeded: 2 commits on feat/x (`);
      expect(worktree.git("log", "--format=%s")).toBe("add b\nadd a\nfirst");
      expect(worktree.git("status", "--porcelain")).toBe("");
      expect(panes(scene).has(id)).toBe(false);
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
    });

    it("is safe to add twice, and --json tells what was made", async () => {
      const scene = makeScene();
      const made = await scene.json<{ created: object }>(["add", "feat/x"]);
      expect(made.created).toEqual({ branch: true, worktree: true, window: true });
      const again = await scene.json<{ created: object }>(["add", "feat/x"]);
      expect(again.created).toEqual({ branch: false, worktree: false, window: false });
    });

    it("closing the pane leaves the agent running; pull without its pane is no failure", async () => {
      const scene = makeScene();
      const worktree = await addWorkspace(scene, "feat/x");
      const plan = scene.plan(untilLet, commitBlock("a"));
      const session = await scene.json<SessionJson>(["box", "push", plan], 0, {
        cwd: worktree.dir,
      });
      expect(Object.keys(session)).toEqual(SESSION_KEYS);
      await scene.untilMade(session.sessionId, "here");

      scene.tmux.run("kill-pane", "-t", session.pane ?? "");
      const [still] = await scene.json<SessionJson[]>(["box", "ls"]);
      expect(still?.state).toBe("running");
      scene.letGo(session.sessionId);
      await scene.ok(["box", "pull", session.sessionId]);
      expect(worktree.git("log", "--format=%s")).toBe("add a\nfirst");
    });

    it("a killed tmux server leaves the agent running", async () => {
      const scene = makeScene();
      const worktree = await addWorkspace(scene, "feat/x");
      const plan = scene.plan(untilLet, commitBlock("a"));
      const session = await scene.json<SessionJson>(["box", "push", plan], 0, {
        cwd: worktree.dir,
      });
      await scene.untilMade(session.sessionId, "here");
      scene.tmux.kill();
      scene.letGo(session.sessionId);
      await scene.ok(["box", "pull", session.sessionId]);
      expect(worktree.git("log", "--format=%s")).toBe("add a\nfirst");
    });

    it("several plans get a pane each", async () => {
      const scene = makeScene();
      const worktree = await addWorkspace(scene, "feat/x");
      const plans = [scene.plan(untilLet), scene.plan(untilLet)];
      const sessions = await scene.json<SessionJson[]>(["box", "push", ...plans], 0, {
        cwd: worktree.dir,
      });
      expect(sessions.map(({ sessionId }) => panes(scene).get(sessionId))).toEqual(
        sessions.map(({ pane }) => pane),
      );
      for (const { sessionId } of sessions) scene.letGo(sessionId);
      await scene.ok(["box", "wait", ...sessions.map(({ sessionId }) => sessionId)]);
    });
  });

  describe("the agent's terminal", () => {
    it("attach shows it, what is typed there reaches the agent, and leaving it stops nothing", async () => {
      const scene = makeScene();
      const plan = scene.plan("read -r line </dev/tty\nprintf '%s' \"$line\" >typed", untilLet);
      const { sessionId } = await scene.push(plan);
      const cco = [process.execPath, "packages/cli/bin/cco.cjs", "box", "attach", sessionId];
      scene.tmux.newSession("viewer", cco);
      await scene.tmux.waitForText("viewer", "== block 1 of 2");
      scene.tmux.run("send-keys", "-t", "viewer", "hello there", "Enter");
      await scene.untilMade(sessionId, "here");
      await scene.tmux.waitForText("viewer", "== block 2 of 2");
      scene.tmux.run("kill-session", "-t", "=viewer");
      const [still] = await scene.sessions();
      expect(still?.state).toBe("running");
      scene.letGo(sessionId);
      await scene.ok(["box", "wait", sessionId]);
      await waitFor(async () =>
        (await scene.ok(["box", "logs", sessionId])).includes("all 2 blocks"),
      );
    });

    it("send puts text to the agent", async () => {
      const scene = makeScene();
      const plan = scene.plan(
        "read -r line </dev/tty\nprintf '%s\\n' \"$line\" >sent\ngit add sent\ngit commit -qm sent",
      );
      const { sessionId } = await scene.push(plan);
      await waitFor(async () => (await scene.ok(["box", "logs", sessionId])).includes("read -r"));
      await scene.ok(["box", "send", sessionId, "use", "the other table; $(id) 'x'"]);
      await scene.ok(["box", "pull", sessionId]);
      const sent = scene.repo.git("show", "main:sent");
      expect(sent).toContain("use the other table; $(id) 'x'");
    });

    it("attach without a terminal says what to do instead", async () => {
      const scene = makeScene();
      const ran = await scene.cco(["box", "attach", "7f3a9c21"]);
      expect(ran).toMatchObject({
        exitCode: 2,
        stderr: "cco: attach needs a terminal\n  → without one: cco box logs 7f3a9c21 -f\n",
      });
    });
  });
}
