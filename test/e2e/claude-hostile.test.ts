import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { bash, commit, SILENCE, WORKSPACE, write, type Answer } from "../model/answers.js";
import { isMissing, PINNED } from "../model/claude-code.js";
import { untilAsked } from "../model/scripted.js";
import type { Env } from "../support/env.js";
import { filesUnder, subjects } from "./agent-scene.js";
import { ClaudeScene } from "./claude-scene.js";
import { memoryHolds, processesOf } from "./processes.js";
import type { Scene } from "./scene.js";

/** Everywhere in the guest that might be read as a result: an end of 0 and a bundle of its own. */
const FORGE = [
  "id=$(basename $PWD)",
  "git init -q /tmp/other && cd /tmp/other",
  "git commit -q --allow-empty -m forged && git branch -f main",
  "for name in output.bundle salvage.bundle result.bundle; do",
  "  git bundle create -q /exchange/$id/$name --all",
  "done",
  "for name in exit ended status result done; do echo 'exit 0 0' >/exchange/$id/$name; done",
].join("\n");

/** Claude Code is the parent of the shell that it runs. */
const KILL = bash("kill -9 $PPID");

describe.skipIf(isMissing(PINNED))("a model that forges the end", () => {
  const script: readonly Answer[] = [
    commit("a"),
    bash(FORGE),
    write(`${WORKSPACE}/../../exchange/forged`, "exit 0"),
    KILL,
  ];

  it("headless: the end is what was seen from outside, the commits are the agent's own", async () => {
    const claude = await ClaudeScene.open(PINNED, script.with(2, commit("b")));
    const { sessionId } = await claude.headless();
    const ended = await claude.wait(sessionId, 4);
    expect(ended).toMatchObject({ state: "failed", exitCode: 137, endedBy: "observed" });
    await claude.pull(sessionId, 4);
    expect(subjects(claude.scene.repo)).toEqual(["add b", "add a"]);
    expect(claude.scene.repo.git("log", "--all", "--format=%s")).not.toContain("forged");
  });

  it("interactive: no turn is over that was not", async () => {
    const claude = await ClaudeScene.open(PINNED, [commit("a"), bash(FORGE), SILENCE]);
    const pane = await claude.interactive();
    await untilAsked(claude.model, 3);
    expect(await claude.now(pane.id)).toMatchObject({ state: "running", waiting: null });
    await claude.scene.ok(["box", "cancel", pane.id]);
    await claude.pull(pane.id, 4);
    expect(subjects(pane.worktree)).toEqual(["add a"]);
  });
});

describe.skipIf(isMissing(PINNED))("the key", () => {
  /** What the guest can find out: nothing. The marker shows that the search finds what is there. */
  const LOOK =
    "echo marker-of-the-guest; env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'";

  it.each(["headless", "interactive"] as const)(
    "%s: never enters the guest",
    async (mode) => {
      const claude = await ClaudeScene.open(PINNED, [bash(LOOK, "marker-of-the-guest"), SILENCE]);
      const { sessionId } =
        mode === "headless" ? await claude.headless() : (await claude.interactive()).session;
      await untilAsked(claude.model, 2);
      const { key } = claude.model;

      const told = JSON.stringify(claude.model.turns.map(({ body }) => body));
      expect(told).toContain("ANTHROPIC_API_KEY=");
      expect(told).not.toContain(key);

      const processes = processesOf(sessionId);
      const agents = processes.filter(({ argv }) => argv[0] === "claude");
      expect(agents).toHaveLength(1);
      for (const { pid, argv, inGuest, environment } of processes) {
        expect(argv.join(" "), `argv of ${String(pid)}`).not.toContain(key);
        // Outside, the person's own shells have it from the person.
        if (!inGuest) continue;
        expect(environment, `environment of ${argv.join(" ")}`).not.toContain(key);
        expect(memoryHolds(pid, key), `memory of ${argv.join(" ")}`).toBe(false);
      }
      for (const said of tmuxOf(claude.scene, sessionId)) expect(said).not.toContain(key);
      for (const { pid } of agents) expect(memoryHolds(pid, "marker-of-the-guest")).toBe(true);

      await claude.scene.ok(["box", "cancel", sessionId]);
      const logs = await claude.scene.ok(["box", "logs", "--raw", sessionId]);
      expect(logs).not.toContain(key);
      expectNowhere(claude.scene.env, key);
      await claude.pull(sessionId, 4);
      expectNowhere(claude.scene.env, key);
      // It reads all memory of the guest.
    },
    240_000,
  );

  it("is in no error and no trace, whatever they quote", async () => {
    const claude = await ClaudeScene.open(PINNED, []);
    const ran = await claude.scene.cco(["box", "push", "no-such-plan.md", "--no-pane", "-v"]);
    expect(ran.exitCode).toBe(3);
    const unknown = await claude.scene.cco(["box", "push", "docs/plan.md", "--model", "", "-v"]);
    expect(unknown.exitCode).toBeGreaterThan(0);
    expect(JSON.stringify([ran, unknown])).not.toContain(claude.model.key);
    const { key } = claude.model;
    const plan = `${key}.md`;
    claude.scene.repo.commit({ [plan]: "" }, "a name that nobody should give");
    for (const more of [[], ["--json"], ["-v"], ["-v", "--json"]]) {
      for (const name of [plan, `no-${plan}`]) {
        const quoted = await claude.scene.cco(["box", "push", name, "--no-pane", ...more]);
        expect(quoted.exitCode).toBeGreaterThan(0);
        expect(quoted.stdout + quoted.stderr).toContain("[ANTHROPIC_API_KEY].md");
        expect(quoted.stdout + quoted.stderr).not.toContain(key);
      }
    }
  });

  it("is needed before anything is sent", async () => {
    const claude = await ClaudeScene.open(PINNED, []);
    delete claude.scene.env["ANTHROPIC_API_KEY"];
    const ran = await claude.scene.cco(["box", "push", "docs/plan.md", "--no-pane", "--json"]);
    expect(ran.exitCode).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: "AGENT_NOT_LOGGED_IN" } });
    expect(readdirSync(join(claude.scene.env["XDG_DATA_HOME"] ?? ""))).toEqual([]);
  });
});

/** All that a session's own tmux server can be asked for, and the options of the person's. */
function* tmuxOf({ env, tmux }: Scene, sessionId: string): Generator<string> {
  const socket = join(env["XDG_DATA_HOME"] ?? "", "cco/guests", sessionId, "ctl/tty");
  const scopes = [["-s"], ["-g"], ["-gw"], [], ["-w"], ["-p"]].map((flags) => [
    "show-options",
    ...flags,
  ]);
  const own = [...scopes, ["show-environment", "-g"], ["show-environment"], ["show-buffer"]];
  let answers = 0;
  for (const argv of [
    ...own,
    ["show-hooks", "-g"],
    ["list-panes", "-F", "#{pane_start_command}"],
  ]) {
    const asked = spawnSync("tmux", ["-S", socket, ...argv], { encoding: "utf8" });
    if (asked.status === 0) answers += 1;
    yield asked.stdout + asked.stderr;
  }
  // There is no paste buffer.
  expect(answers).toBe(own.length + 1);
  if (tmux.panes().length === 0) return;
  for (const argv of [...scopes, ["list-panes", "-a", "-F", "#{pane_start_command}"]]) {
    yield tmux.run(...argv);
  }
}

/** No file of the person's, of cco's or of any guest holds the secret. */
function expectNowhere(env: Env, secret: string): void {
  for (const dir of [env["XDG_DATA_HOME"], env["XDG_STATE_HOME"], env["TMPDIR"], env["HOME"]]) {
    for (const [path, content] of filesUnder(dir ?? "")) {
      expect(content.includes(secret), path).toBe(false);
    }
  }
}
