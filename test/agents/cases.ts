import { join } from "node:path";

import { expect, it } from "vitest";

import { AgentScene, filesUnder, subjects, type RealAgent } from "../e2e/agent-scene.js";
import { memoryHolds, processesOf } from "../e2e/processes.js";
import { always, bash, commit, say, type Refuse } from "../model/answers.js";
import { untilAsked } from "../model/scripted.js";

/** What the cases must know of an agent. */
export interface Agent<Body> extends RealAgent<Body> {
  /** For `--model`. */
  readonly model: string;
  /** Variable of its key. */
  readonly key: string;
  /** How its API refuses a key. */
  readonly noLogin: Refuse;
}

/** All that the guest can read of itself. */
const LOOK = "cat /proc/*/environ | tr '\\0' '\\n'; env";

/** Works until the test lets it. */
const WORK = bash("until [ -e go ]; do sleep 0.1; done; rm go; echo let", "let");

/** What is the same with each of them. */
export function agentCases<Body>(agent: Agent<Body>): void {
  const flags = ["--model", agent.model];

  it("headless: carries out a plan of two commits, and never sees its key", async () => {
    const opened = await AgentScene.open(agent, [
      bash(LOOK, `${agent.key}=sk-`),
      ...[commit("a"), commit("b"), say("Both are in.")],
    ]);
    const { sessionId } = await opened.headless(...flags);
    const ended = await opened.wait(sessionId);
    expect(ended).toMatchObject({
      ...{ agent: agent.name, state: "succeeded", waiting: null, exitCode: 0 },
      ...{ endedBy: "observed", reason: null, usage: null },
    });
    expect(await opened.logs(sessionId)).toContain("Both are in.");
    const { key, turns } = opened.model;
    expect(JSON.stringify(turns.map(({ body }) => body))).not.toContain(key);
    expectNowhere(opened, key);

    const pulled = await opened.pull(sessionId);
    expect(pulled).toMatchObject({ pulled: true, result: { commits: 2, salvaged: false } });
    expect(subjects(opened.scene.repo)).toEqual(["add b", "add a"]);
  });

  it("interactive: works in the pane, stays open when done, takes a second turn, is pulled", async () => {
    const opened = await AgentScene.open(agent, [
      ...[commit("a"), say("One is in.")],
      ...[WORK, commit("b"), say("Two are in.")],
    ]);
    const pane = await opened.interactive(...flags);
    await pane.shows("One is in.");
    const finished = await opened.wait(pane.id);
    expect(finished).toMatchObject({ state: "running", waiting: "finished", exitCode: null });
    expect(pane.isOpen).toBe(true);
    expect(opened.model.turns).toHaveLength(2);
    expectOutside(pane.id, opened.model.key);

    await opened.scene.ok(["box", "send", pane.id, "one more, please"]);
    await opened.until(pane.id, { state: "running", waiting: null });
    opened.scene.letGo(pane.id);
    await pane.shows("Two are in.");
    expect(await opened.wait(pane.id)).toMatchObject({ waiting: "finished" });
    expectNowhere(opened, opened.model.key);

    const pulled = await opened.pull(pane.id);
    expect(pulled).toMatchObject({ state: "succeeded", pulled: true, result: { commits: 2 } });
    expect(subjects(pane.worktree)).toEqual(["add b", "add a"]);
    expect(pane.isOpen).toBe(false);
  });

  it("headless: a refused key fails as not logged in, and what it did before comes back", async () => {
    const opened = await AgentScene.open(agent, [commit("a"), always(agent.noLogin)]);
    const { sessionId } = await opened.headless(...flags);
    const ended = await opened.wait(sessionId, 4);
    expect(ended).toMatchObject({ state: "failed", reason: "not-logged-in", exitCode: 1 });
    await opened.pull(sessionId, 4);
    expect(subjects(opened.scene.repo)).toEqual(["add a"]);
  });

  it("interactive: a refused key waits for a person", async () => {
    const opened = await AgentScene.open(agent, [commit("a"), always(agent.noLogin)]);
    const pane = await opened.interactive(...flags);
    await untilAsked(opened.model, 2);
    await opened.until(pane.id, { waiting: "person", reason: "not-logged-in" });
    await opened.scene.ok(["box", "cancel", pane.id]);
    await opened.pull(pane.id, 4);
    expect(subjects(pane.worktree)).toEqual(["add a"]);
  });
}

/** No process of the guest has the key: not as a word, not in its environment, not in its memory. */
function expectOutside(sessionId: string, key: string): void {
  const guest = processesOf(sessionId).filter(({ inGuest }) => inGuest);
  expect(guest.length).toBeGreaterThan(0);
  for (const { pid, argv, environment } of guest) {
    expect(argv.join(" ")).not.toContain(key);
    expect(environment, `environment of ${argv.join(" ")}`).not.toContain(key);
    expect(memoryHolds(pid, key), `memory of ${argv.join(" ")}`).toBe(false);
  }
}

/** No file of cco's or of a guest has the key. */
function expectNowhere<Body>({ scene }: AgentScene<Body>, key: string): void {
  const files = [...filesUnder(join(scene.env["XDG_DATA_HOME"] ?? "", "cco"))];
  expect(files.length).toBeGreaterThan(0);
  for (const [path, content] of files) expect(content.includes(key), path).toBe(false);
}
