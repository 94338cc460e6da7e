import { describe, expect, it } from "vitest";

import { AgentScene, subjects } from "../e2e/agent-scene.js";
import { agentPackage } from "../model/agent-packages.js";
import { always, commit, refuse, say } from "../model/answers.js";
import { codex as dialect, type CodexBody } from "../model/codex.js";
import { untilAsked } from "../model/scripted.js";
import { agentCases, type Agent } from "./cases.js";

const { name, version, bin, missing } = agentPackage("codex");

const codex: Agent<CodexBody> = {
  ...{ name, bin, dialect, key: "OPENAI_API_KEY" },
  // Calls tools one by one.
  model: "gpt-5",
  noLogin: refuse(401, "invalid_request_error", "Incorrect API key provided."),
};
const LIMIT = always(refuse(429, "usage_limit_reached", "The usage limit has been reached"));

describe.skipIf(missing !== null)(
  `Codex ${version}${missing === null ? "" : ` (${missing})`}`,
  () => {
    agentCases(codex);

    it("headless: with its default model, which calls tools by writing JavaScript", async () => {
      const opened = await AgentScene.open(codex, [commit("a"), say("It is in.")]);
      const { sessionId } = await opened.headless();
      const ended = await opened.wait(sessionId);
      expect(ended).toMatchObject({ state: "succeeded", exitCode: 0 });
      await opened.pull(sessionId);
      expect(subjects(opened.scene.repo)).toEqual(["add a"]);
    });

    it("headless: a usage limit is waited for, and what it did before can be had", async () => {
      const opened = await AgentScene.open(codex, [commit("a"), LIMIT]);
      const { sessionId } = await opened.headless("--model", codex.model);
      await untilAsked(opened.model, 2);
      const waiting = await opened.until(sessionId, { waiting: "usage-limit" });
      expect(waiting).toMatchObject({ state: "running", exitCode: null });
      expect(Date.parse(waiting.resumesAt ?? "")).toBeGreaterThan(Date.now());
      await opened.scene.ok(["box", "cancel", sessionId]);
      await opened.pull(sessionId, 4);
      expect(subjects(opened.scene.repo)).toEqual(["add a"]);
    });

    it("interactive: at a usage limit it waits for a person", async () => {
      const opened = await AgentScene.open(codex, [commit("a"), LIMIT]);
      const pane = await opened.interactive("--model", codex.model);
      await pane.shows("hit your usage limit");
      await opened.until(pane.id, { waiting: "person", reason: null });
      await opened.scene.ok(["box", "cancel", pane.id]);
      await opened.pull(pane.id, 4);
      expect(subjects(pane.worktree)).toEqual(["add a"]);
    });
  },
);
