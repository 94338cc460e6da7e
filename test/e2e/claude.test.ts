import { describe, expect, it } from "vitest";

import { badBash, bash, commit, say, type Answer } from "../model/answers.js";
import { isMissing, NEWER, PINNED } from "../model/claude-code.js";
import { userTexts } from "../model/requests.js";
import { untilAsked } from "../model/scripted.js";
import { PLAN, subjects } from "./agent-scene.js";
import { ClaudeScene } from "./claude-scene.js";

const THREE: readonly Answer[] = [commit("a"), commit("b"), commit("c"), say("All three are in.")];

describe.skipIf(isMissing(PINNED))(`Claude Code ${PINNED.version}`, () => {
  it("headless: carries out a plan of three commits, and counts what it used", async () => {
    const claude = await ClaudeScene.open(PINNED, THREE);
    const pushed = await claude.headless();
    const ended = await claude.wait(pushed.sessionId);
    expect(ended).toMatchObject({
      ...{ agent: "claude", state: "succeeded", waiting: null, exitCode: 0, endedBy: "observed" },
      usage: { inputTokens: 400, outputTokens: 80 },
    });
    expect(ended.usage?.costUsd).toBeGreaterThan(0);
    const logs = await claude.logs(pushed.sessionId);
    expect(logs).toContain("All three are in.");
    expect(logs).not.toContain('"type":"assistant"');
    const asked = claude.model.turns[0];
    expect(asked && userTexts(asked.body).join("\n")).toContain(
      `<command-args>${PLAN}</command-args>`,
    );

    const pulled = await claude.pull(pushed.sessionId);
    expect(pulled).toMatchObject({ pulled: true, result: { commits: 3, salvaged: false } });
    expect(subjects(claude.scene.repo)).toEqual(["add c", "add b", "add a"]);
  });

  it("interactive: works in the pane, stays open when done, answers a question, is pulled", async () => {
    const claude = await ClaudeScene.open(PINNED, [
      ...THREE,
      commit("d"),
      say("Now there are four."),
    ]);
    const pane = await claude.interactive();
    await pane.shows("All three are in.");
    const finished = await claude.wait(pane.id);
    expect(finished).toMatchObject({ state: "running", waiting: "finished", exitCode: null });
    expect(pane.isOpen).toBe(true);

    await claude.scene.ok(["box", "send", pane.id, "one more, please: 'd'; $(exit 1)"]);
    await untilAsked(claude.model, 6);
    const asked = claude.model.turns[4];
    expect(asked && userTexts(asked.body).join("\n")).toContain("one more, please: 'd'; $(exit 1)");
    await pane.shows("Now there are four.");
    await claude.until(pane.id, { waiting: "finished" });

    const pulled = await claude.pull(pane.id);
    expect(pulled).toMatchObject({ state: "succeeded", pulled: true, result: { commits: 4 } });
    expect(subjects(pane.worktree)).toEqual(["add d", "add c", "add b", "add a"]);
    expect(subjects(claude.scene.repo, "main")).toEqual([]);
    expect(pane.isOpen).toBe(false);
  });

  it("goes on after a tool that fails", async () => {
    const claude = await ClaudeScene.open(PINNED, [
      badBash("git show no-such-thing", "unknown revision"),
      commit("a"),
      say("There was no such thing."),
    ]);
    const { sessionId } = await claude.headless();
    expect(await claude.wait(sessionId)).toMatchObject({ state: "succeeded", exitCode: 0 });
    expect(await claude.pull(sessionId)).toMatchObject({ result: { commits: 1 } });
  });

  it("interactive: shows a tool that fails", async () => {
    const claude = await ClaudeScene.open(PINNED, [
      badBash("git show no-such-thing", "unknown revision"),
      say("There was no such thing."),
    ]);
    const pane = await claude.interactive();
    const screen = await pane.shows("There was no such thing.");
    expect(screen).toContain("git show no-such-thing");
    expect(await claude.pull(pane.id)).toMatchObject({
      state: "succeeded",
      result: { commits: 0 },
    });
  });

  it("headless: passes the model and the number of turns on", async () => {
    const claude = await ClaudeScene.open(PINNED, [commit("a"), commit("b")]);
    const { sessionId } = await claude.headless("--model", "claude-sonnet-4-5", "--max-turns", "2");
    const ended = await claude.wait(sessionId, 4);
    expect(ended).toMatchObject({ state: "failed", exitCode: 1 });
    expect(claude.model.turns.map(({ body }) => body.model)).toEqual(
      Array(2).fill("claude-sonnet-4-5"),
    );
    await claude.pull(sessionId, 4);
    expect(subjects(claude.scene.repo)).toEqual(["add b", "add a"]);
  });
});

for (const newer of NEWER) {
  describe.skipIf(isMissing(newer))(`Claude Code ${newer.version}`, () => {
    it("headless: carries out a plan of three commits", async () => {
      const claude = await ClaudeScene.open(newer, THREE);
      const { sessionId } = await claude.headless();
      expect(await claude.wait(sessionId)).toMatchObject({ state: "succeeded", exitCode: 0 });
      await claude.pull(sessionId);
      expect(subjects(claude.scene.repo)).toEqual(["add c", "add b", "add a"]);
    });

    it("interactive: works in the pane, stays open when done, is pulled", async () => {
      const claude = await ClaudeScene.open(newer, [
        bash("git --version", "git version"),
        ...THREE,
      ]);
      const pane = await claude.interactive();
      await pane.shows("All three are in.");
      expect(await claude.wait(pane.id)).toMatchObject({ waiting: "finished", exitCode: null });
      await claude.pull(pane.id);
      expect(subjects(pane.worktree)).toEqual(["add c", "add b", "add a"]);
    });
  });
}
