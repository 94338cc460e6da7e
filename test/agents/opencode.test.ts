import { describe, expect, it } from "vitest";

import { AgentScene, subjects } from "../e2e/agent-scene.js";
import { agentPackage } from "../model/agent-packages.js";
import { commit, refuse, say } from "../model/answers.js";
import { opencode as dialect } from "../model/opencode.js";
import type { Body } from "../model/requests.js";
import { untilAsked } from "../model/scripted.js";
import { agentCases, type Agent } from "./cases.js";

const { name, version, bin, missing } = agentPackage("opencode");

const opencode: Agent<Body> = {
  ...{ name, bin, dialect, key: "ANTHROPIC_API_KEY" },
  model: "anthropic/claude-sonnet-4-5",
  noLogin: refuse(401, "authentication_error", "invalid x-api-key"),
};

/** Long enough to be seen waiting, on a busy machine too. */
const LIMIT = refuse(429, "rate_limit_error", "This request would exceed your rate limit", {
  "retry-after": "8",
});
const SCRIPT = [commit("a"), LIMIT, commit("b"), say("Both are in.")];

describe.skipIf(missing !== null)(
  `opencode ${version}${missing === null ? "" : ` (${missing})`}`,
  () => {
    agentCases(opencode);

    it("headless: a usage limit is told, and it tries again by itself", async () => {
      const opened = await AgentScene.open(opencode, SCRIPT);
      const { sessionId } = await opened.headless("--model", opencode.model);
      await untilAsked(opened.model, 2);
      const waiting = await opened.until(sessionId, { state: "running", waiting: "usage-limit" });
      expect(waiting.resumesAt).not.toBeNull();
      expect(await opened.wait(sessionId)).toMatchObject({ state: "succeeded", resumesAt: null });
      await opened.pull(sessionId);
      expect(subjects(opened.scene.repo)).toEqual(["add b", "add a"]);
    });

    it("interactive: a usage limit is told, and it tries again by itself", async () => {
      const opened = await AgentScene.open(opencode, SCRIPT);
      const pane = await opened.interactive("--model", opencode.model);
      await untilAsked(opened.model, 2);
      const waiting = await opened.until(pane.id, { state: "running", waiting: "usage-limit" });
      expect(waiting.resumesAt).not.toBeNull();
      await pane.shows("Both are in.");
      expect(await opened.wait(pane.id)).toMatchObject({ waiting: "finished", resumesAt: null });
      await opened.pull(pane.id);
      expect(subjects(pane.worktree)).toEqual(["add b", "add a"]);
    });
  },
);
