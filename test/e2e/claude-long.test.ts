import { describe, expect, it } from "vitest";

import { commit, refuse, say, WORKSPACE, write, type Answer } from "../model/answers.js";
import { isMissing, PINNED } from "../model/claude-code.js";
import { subjects } from "./agent-scene.js";
import { ClaudeScene } from "./claude-scene.js";

const NAMES = Array.from({ length: 30 }, (_, index) => `file${String(index + 1)}`);
const THIRTY: readonly Answer[] = [...NAMES.map(commit), say("Thirty files are in.")];

/** More than a megabyte in lines that can be told apart, and a last word. */
const BIG = `${Array.from({ length: 24_000 }, (_, line) => `Line ${String(line)} of a text that does not end soon.`).join("\n")}\nThat was all of it.`;

const BUSY: readonly Answer[] = [
  refuse(529, "overloaded_error", "Overloaded"),
  refuse(429, "rate_limit_error", "Too many requests", { "retry-after": "1" }),
  commit("a"),
  refuse(529, "overloaded_error", "Overloaded", { "retry-after": "1" }),
  say("Busy, and done."),
];

const DROPPED: readonly Answer[] = [
  { kind: "drop", text: "Half a sen" },
  commit("a"),
  say("The whole sentence."),
];

describe.skipIf(isMissing(PINNED)).each<[string, readonly Answer[], string, readonly string[]]>([
  ["thirty turns", THIRTY, "Thirty files are in.", NAMES.map((name) => `add ${name}`).reverse()],
  ["more than a megabyte", [commit("a"), say(BIG)], "That was all of it.", ["add a"]],
  ["an overloaded model", BUSY, "Busy, and done.", ["add a"]],
  ["a dropped connection", DROPPED, "The whole sentence.", ["add a"]],
])("Claude Code and %s", (_, script, lastWords, commits) => {
  it("headless", async () => {
    const claude = await ClaudeScene.open(PINNED, script);
    const { sessionId } = await claude.headless();
    expect(await claude.wait(sessionId)).toMatchObject({ state: "succeeded", exitCode: 0 });
    const logs = await claude.logs(sessionId);
    expect(logs).toContain(lastWords);
    if (script.some((answer) => answer.kind === "say" && answer.text === BIG)) {
      expect(logs.length).toBeGreaterThan(1_000_000);
    }
    await claude.pull(sessionId);
    expect(subjects(claude.scene.repo)).toEqual(commits);
  });

  it("interactive", async () => {
    const claude = await ClaudeScene.open(PINNED, script);
    const pane = await claude.interactive();
    await pane.shows(lastWords);
    expect(await claude.wait(pane.id)).toMatchObject({ state: "running", waiting: "finished" });
    await claude.pull(pane.id);
    expect(subjects(pane.worktree)).toEqual(commits);
  });
});

describe.skipIf(isMissing(PINNED))("Claude Code and work that is not committed", () => {
  it("is salvaged, never landed", async () => {
    const claude = await ClaudeScene.open(PINNED, [
      commit("a"),
      write(`${WORKSPACE}/notes.txt`, "half a thought\n"),
      say("Not quite done."),
    ]);
    const { sessionId } = await claude.headless();
    const { result } = await claude.pull(sessionId);
    expect(result).toMatchObject({ commits: 1, salvaged: true });
    const salvage = `refs/cco/salvage/${sessionId}`;
    expect(claude.scene.repo.git("show", `${salvage}:notes.txt`)).toBe("half a thought");
    expect(subjects(claude.scene.repo)).toEqual(["add a"]);
  });
});
