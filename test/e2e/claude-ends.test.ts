import { describe, expect, it } from "vitest";

import { always, commit, refuse, say, SILENCE } from "../model/answers.js";
import { isMissing, PINNED } from "../model/claude-code.js";
import { untilAsked } from "../model/scripted.js";
import { subjects } from "./agent-scene.js";
import { ClaudeScene } from "./claude-scene.js";

/** The API says of both that asking again is of no use. */
const FINAL = { "x-should-retry": "false" };
const NO_LOGIN = refuse(401, "authentication_error", "invalid x-api-key", FINAL);

/** Some seconds are enough to see it, on a busy machine too. */
const LIMIT = refuse(429, "rate_limit_error", "Claude AI usage limit reached|{+20}", FINAL);

describe.skipIf(isMissing(PINNED))("Claude Code and a usage limit", () => {
  it("headless: waits, tells until when, salvages, and goes on by itself", async () => {
    const claude = await ClaudeScene.open(PINNED, [
      commit("a"),
      LIMIT,
      commit("b"),
      say("Both are in."),
    ]);
    const { sessionId } = await claude.headless();
    const waiting = await claude.until(sessionId, { waiting: "usage-limit" });
    expect(waiting).toMatchObject({ state: "running", exitCode: null });
    expect(Date.parse(waiting.resumesAt ?? "")).toBeGreaterThan(Date.now());
    await claude.scene.ok(["box", "pull", sessionId, "--snapshot"]);
    expect(
      claude.scene.repo.git("log", "-1", "--format=%s", `refs/cco/sessions/${sessionId}`),
    ).toBe("add a");

    const ended = await claude.wait(sessionId);
    expect(ended).toMatchObject({ state: "succeeded", waiting: null, resumesAt: null });
    const last = claude.model.turns[2];
    expect(last?.at).toBeGreaterThanOrEqual(Date.parse(waiting.resumesAt ?? ""));
    await claude.pull(sessionId);
    expect(subjects(claude.scene.repo)).toEqual(["add b", "add a"]);
  });

  it("interactive: waits in its pane, and goes on by itself", async () => {
    const claude = await ClaudeScene.open(PINNED, [commit("a"), LIMIT, commit("b"), say("Both.")]);
    const pane = await claude.interactive();
    const waiting = await claude.until(pane.id, { waiting: "usage-limit" });
    expect(Date.parse(waiting.resumesAt ?? "")).toBeGreaterThan(Date.now());
    await pane.shows("Both.");
    expect(await claude.wait(pane.id)).toMatchObject({ waiting: "finished", resumesAt: null });
    await claude.pull(pane.id);
    expect(subjects(pane.worktree)).toEqual(["add b", "add a"]);
  });
});

describe.skipIf(isMissing(PINNED))("Claude Code without a login that holds", () => {
  it("headless: fails as not logged in, and what it did before comes back", async () => {
    const claude = await ClaudeScene.open(PINNED, [commit("a"), always(NO_LOGIN)]);
    const { sessionId } = await claude.headless();
    const ended = await claude.wait(sessionId, 4);
    expect(ended).toMatchObject({ state: "failed", reason: "not-logged-in", exitCode: 1 });
    await claude.pull(sessionId, 4);
    expect(subjects(claude.scene.repo)).toEqual(["add a"]);
  });

  it("interactive: waits for a person", async () => {
    const claude = await ClaudeScene.open(PINNED, [always(NO_LOGIN)]);
    const pane = await claude.interactive();
    await claude.until(pane.id, { state: "running", waiting: "person" });
    expect(await claude.scene.json(["box", "cancel", pane.id])).toMatchObject({
      state: "cancelled",
    });
  });
});

describe.skipIf(isMissing(PINNED))("Claude Code and a model that never answers", () => {
  it("headless: wait gives up with 124, cancel stops it, what it did comes back", async () => {
    const claude = await ClaudeScene.open(PINNED, [commit("a"), SILENCE]);
    const { sessionId } = await claude.headless();
    await untilAsked(claude.model, 2);
    const late = await claude.scene.cco(["box", "wait", sessionId, "--timeout", "1s"]);
    expect(late.exitCode).toBe(124);
    await claude.scene.ok(["box", "pull", sessionId, "--timeout", "0"], {}, 124);
    await claude.scene.ok(["box", "cancel", sessionId]);
    expect(await claude.wait(sessionId, 4)).toMatchObject({ state: "cancelled", waiting: null });
    await claude.pull(sessionId, 4);
    expect(subjects(claude.scene.repo)).toEqual(["add a"]);
  });

  it("interactive: cancel stops it", async () => {
    const claude = await ClaudeScene.open(PINNED, [SILENCE]);
    const pane = await claude.interactive();
    await untilAsked(claude.model, 1);
    expect(await claude.now(pane.id)).toMatchObject({ state: "running", waiting: null });
    await claude.scene.ok(["box", "cancel", pane.id]);
    expect(await claude.pull(pane.id, 4)).toMatchObject({ state: "cancelled" });
    expect(pane.isOpen).toBe(false);
  });
});
