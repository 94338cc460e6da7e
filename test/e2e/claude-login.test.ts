import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { bash, commit, refuse, say, SILENCE } from "../model/answers.js";
import { isMissing, PINNED } from "../model/claude-code.js";
import { untilAsked } from "../model/scripted.js";
import { filesUnder, subjects } from "./agent-scene.js";
import { ClaudeScene } from "./claude-scene.js";
import { processesOf } from "./processes.js";

const LOOK = "cat /proc/*/environ | tr '\\0' '\\n'; env";

describe.skipIf(isMissing(PINNED))("Claude Code with the token of a subscription", () => {
  it("headless: works by the relay, and the token stays outside", async () => {
    const claude = await ClaudeScene.open(
      PINNED,
      [bash(LOOK, "CLAUDE_CODE_OAUTH_TOKEN="), commit("a"), say("It is in.")],
      "token",
    );
    const { sessionId } = await claude.headless();
    expect(await claude.wait(sessionId)).toMatchObject({ state: "succeeded", exitCode: 0 });
    const told = JSON.stringify(claude.model.turns.map(({ body }) => body));
    expect(told).not.toContain(claude.model.key);
    await claude.pull(sessionId);
    expect(subjects(claude.scene.repo)).toEqual(["add a"]);
  });

  it("headless: its limit is told with the time that the API says in a header", async () => {
    // Whole hours: that is how it says it.
    const reset = Math.ceil(Date.now() / 3_600_000) * 3600 + 3600;
    const limit = refuse(429, "rate_limit_error", "This request would exceed your limit", {
      "x-should-retry": "false",
      "anthropic-ratelimit-unified-status": "rejected",
      "anthropic-ratelimit-unified-reset": String(reset),
      "anthropic-ratelimit-unified-representative-claim": "five_hour",
    });
    const claude = await ClaudeScene.open(PINNED, [commit("a"), limit], "token");
    const { sessionId } = await claude.headless();
    const waiting = await claude.until(sessionId, { state: "running", waiting: "usage-limit" });
    expect(waiting.resumesAt, await claude.logs(sessionId)).toBe(
      new Date(reset * 1000).toISOString(),
    );
    await claude.scene.ok(["box", "cancel", sessionId]);
    await claude.pull(sessionId, 4);
    expect(subjects(claude.scene.repo)).toEqual(["add a"]);
  });
});

describe.skipIf(isMissing(PINNED))("a login that no relay adds", () => {
  it("is in a file that only the guest's user reads, and in the agent's environment alone", async () => {
    const claude = await ClaudeScene.open(PINNED, [commit("a"), SILENCE], "token");
    const { env } = claude.scene;
    const { key } = claude.model;
    delete env["CLAUDE_CODE_OAUTH_TOKEN"];
    env["ANTHROPIC_AUTH_TOKEN"] = key;
    const config = join(env["XDG_CONFIG_HOME"] ?? "", "cco");
    mkdirSync(config, { recursive: true });
    writeFileSync(
      join(config, "config.json"),
      JSON.stringify({
        agents: { claude: { env: ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"] } },
        backends: { local: { network: { allow: [claude.model.host] } } },
      }),
    );
    const { sessionId } = await claude.headless();
    await untilAsked(claude.model, 2);

    const guest = join(env["XDG_DATA_HOME"] ?? "", "cco/guests", sessionId);
    const secrets = join(guest, "home/.cco/secrets");
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    for (const [path, content] of filesUnder(env["XDG_DATA_HOME"] ?? "")) {
      expect(content.includes(key), path).toBe(path === secrets);
    }
    for (const { argv, inGuest, environment } of processesOf(sessionId)) {
      expect(argv.join(" ")).not.toContain(key);
      if (!inGuest) expect(environment, argv.join(" ")).not.toContain(key);
    }
    await claude.scene.ok(["box", "cancel", sessionId]);
    await claude.pull(sessionId, 4);
    expect(subjects(claude.scene.repo)).toEqual(["add a"]);
  });
});
