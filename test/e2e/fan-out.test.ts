import { expect, it } from "vitest";

import { waitFor } from "../support/wait-for.js";
import { commitBlock, Scene, untilLet, type SessionJson } from "./scene.js";

async function statesOf(scene: Scene): Promise<readonly string[]> {
  return (await scene.sessions()).map(({ state }) => state).sort();
}

it("--max-parallel 1: one after the other, each its own session, the ids at the end", async () => {
  const scene = new Scene();
  const plan = scene.plan(untilLet, commitBlock("a"));
  const push = scene.start([
    ...["box", "push", plan, scene.plan(commitBlock("b"))],
    ...["--no-pane", "--max-parallel", "1", "--json"],
  ]);
  const running = async () => (await scene.sessions()).find(({ state }) => state === "running");
  let first: SessionJson | undefined;
  await waitFor(async () => (first = await running()) !== undefined, { what: "the first start" });
  const id = first?.sessionId ?? "";
  await scene.untilMade(id, "here");
  expect(await statesOf(scene)).toEqual(["prepared", "running"]);
  scene.letGo(id);
  const { exitCode, stdout, stderr } = await push.ended;
  expect(exitCode, stderr).toBe(0);
  const sessions = JSON.parse(stdout) as SessionJson[];
  expect(sessions).toHaveLength(2);
  expect(sessions[0]?.sessionId).toBe(id);
  expect(stderr).toContain(`session ${id} succeeded; 1 left to start`);
  await scene.ok(["box", "wait", ...sessions.map((one) => one.sessionId)]);
  await scene.ok(["box", "pull", id]);
  await scene.ok(["box", "pull", sessions[1]?.sessionId ?? "", "--to", "other"]);
  expect(scene.repo.git("show", "main:a")).toBe("a");
  expect(scene.repo.git("show", "other:b")).toBe("b");
});

it("Ctrl-C leaves what was not started prepared, and says how to start or forget it", async () => {
  const scene = new Scene();
  const plan = scene.plan(untilLet);
  const push = scene.start([
    "box",
    "push",
    plan,
    "--no-pane",
    "--count",
    "2",
    "--max-parallel",
    "1",
  ]);
  await waitFor(async () => (await statesOf(scene)).join(" ") === "prepared running", {
    what: "the first start",
  });
  push.child.kill("SIGINT");
  const { exitCode, stderr } = await push.ended;
  const left = (await scene.sessions()).find(({ state }) => state === "prepared")?.sessionId ?? "";
  const runs = (await scene.sessions()).find(({ state }) => state === "running")?.sessionId ?? "";
  expect(exitCode).toBe(130);
  expect(stderr).toContain(`Session ${runs} started.`);
  expect(stderr).toContain(`start them: cco box launch ${left}; forget them: cco box rm ${left}`);
  expect(await scene.ok(["box", "launch", left])).toContain(`Session ${left} started.`);
  expect(await statesOf(scene)).toEqual(["running", "running"]);
});

it("compare shows sessions side by side with a check", async () => {
  const scene = new Scene();
  const good = await scene.push(scene.plan(commitBlock("good")));
  const bad = await scene.push(scene.plan(commitBlock("bad")));
  const ids = [good.sessionId, bad.sessionId];
  await scene.ok(["box", "wait", ...ids]);
  const compared = await scene.json<
    { session: SessionJson; changes: object; check: { ok: boolean } | null }[]
  >(["box", "compare", ...ids, "--check", "test -e good"]);
  expect(compared.map(({ session }) => session.sessionId)).toEqual(ids);
  expect(compared.map(({ check }) => check?.ok)).toEqual([true, false]);
  expect(compared[0]?.changes).toEqual({ commits: 1, files: 1, added: 1, removed: 0 });
  const table = await scene.ok(["box", "compare", ...ids]);
  expect(table).toMatch(/^SESSION +STATE +COMMITS +FILES +LINES/);
  expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
});
