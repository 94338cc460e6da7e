import { describe, expect, it } from "vitest";

import { waitFor } from "../support/wait-for.js";
import { commitBlock, Scene, untilLet, type Ran, type SessionJson } from "./scene.js";

/** Interrupt the process and its children as a terminal does. */
async function interrupted(
  scene: Scene,
  args: readonly string[],
  when: () => Promise<unknown>,
  signal: NodeJS.Signals = "SIGINT",
): Promise<Ran> {
  const started = scene.start(args);
  await when();
  started.child.kill(signal);
  return started.ended;
}

function milliseconds(count: number): () => Promise<void> {
  return () => new Promise((resolve) => setTimeout(resolve, count));
}

/** How long `work` takes here and now. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Parts of the time that the whole takes. */
const MOMENTS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

describe("Ctrl-C", () => {
  it("at any moment of a push: nothing is left of it, or it is done; the next one works", async () => {
    const scene = new Scene();
    const push = ["box", "push", "--no-pane", "--json", scene.plan(commitBlock("a"))];
    const whole = await timeOf(() => scene.ok(push));
    const codes: number[] = [];
    for (const part of MOMENTS) {
      const before = (await scene.sessions()).map(({ sessionId }) => sessionId);
      const ran = await interrupted(scene, push, milliseconds(part * whole));
      const after = (await scene.sessions()).map(({ sessionId }) => sessionId);
      const made = after.filter((id) => !before.includes(id));
      codes.push(ran.exitCode);
      if (ran.exitCode === 0) {
        expect(made).toEqual([(JSON.parse(ran.stdout) as SessionJson).sessionId]);
      } else {
        // -1: before the CLI listens, the signal has its plain effect.
        expect([130, -1]).toContain(ran.exitCode);
        expect(made).toEqual([]);
      }
    }
    expect(codes).toContain(130);
    const again = JSON.parse(await scene.ok(push)) as SessionJson;
    await scene.ok(["box", "pull", again.sessionId]);
    expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    expect(scene.repo.git("fsck", "--no-dangling")).toBe("");
  });

  it("while pull waits: 130, the agent goes on, pull again works", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(untilLet, commitBlock("a")));
    await scene.untilMade(sessionId, "here");
    const ran = await interrupted(scene, ["box", "pull", sessionId], milliseconds(1000));
    expect(ran).toMatchObject({
      exitCode: 130,
      stderr: "cco: interrupted\n  → run the same command again to go on\n",
    });
    await scene.goesOnAndLands(sessionId);
  });

  it("at any moment of a pull of what has ended: pull again brings it", async () => {
    const scene = new Scene();
    const ended = async (name: string): Promise<readonly string[]> => {
      const { sessionId } = await scene.push(scene.plan(commitBlock(name)));
      await scene.ok(["box", "wait", sessionId], {}, 0);
      return ["box", "pull", sessionId];
    };
    const first = await ended("whole");
    const whole = await timeOf(() => scene.ok(first));
    for (const part of MOMENTS) {
      const name = `a${String(part * 10)}`;
      const pull = await ended(name);
      const ran = await interrupted(scene, pull, milliseconds(part * whole));
      expect([0, 130, -1]).toContain(ran.exitCode);
      await scene.ok(pull);
      expect(scene.repo.git("log", "-1", "--format=%s", "main")).toBe(`add ${name}`);
      expect(scene.repo.git("status", "--porcelain")).toBe("");
    }
  });

  it("TERM while waiting is 143", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(scene.plan(untilLet));
    await scene.untilMade(sessionId, "here");
    const wait = ["box", "wait", sessionId];
    const ran = await interrupted(scene, wait, milliseconds(1000), "SIGTERM");
    expect(ran).toMatchObject({
      exitCode: 143,
      stderr: "cco: terminated\n  → run the same command again to go on\n",
    });
    scene.letGo(sessionId);
    await scene.ok(wait);
  });

  it("in add, then add again: the workspace is whole", async () => {
    const scene = new Scene();
    const ran = await interrupted(scene, ["add", "feat/x"], milliseconds(200));
    expect([0, 130, -1]).toContain(ran.exitCode);
    await scene.ok(["add", "feat/x"]);
    expect(scene.tmux.run("list-windows", "-a", "-F", "#{window_name}")).toBe("feat-x");
    expect(scene.repo.git("worktree", "list").split("\n")).toHaveLength(2);
  });
});

describe("stdout's reader", () => {
  it("that goes away ends what streams, quietly", async () => {
    const scene = new Scene();
    const { sessionId } = await scene.push(
      scene.plan(`i=0\nwhile [ $i -lt 200 ]; do echo line $i; i=$((i + 1)); done`, untilLet),
    );
    await scene.untilMade(sessionId, "here");
    const logs = scene.start(["box", "logs", sessionId, "-f"]);
    await new Promise((resolve) => logs.child.stdout?.once("data", resolve));
    logs.child.stdout?.destroy();
    scene.letGo(sessionId);
    const ran = await logs.ended;
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    await waitFor(async () => (await scene.cco(["box", "wait", sessionId])).exitCode === 0);
  });
});
