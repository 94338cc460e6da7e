import type { Session } from "@cco/sandbox";
import { expect, it } from "vitest";

import { sessionLine, sessionTable, stateOf } from "./sessions.js";

const SESSION: Session = {
  sessionId: "7f3a9c21",
  repo: "/r",
  branch: "feat/x",
  plan: "plan.md",
  backend: "local",
  agent: "runbook",
  host: null,
  box: "local",
  baseCommit: "0".repeat(40),
  state: "running",
  waiting: null,
  resumesAt: null,
  exitCode: null,
  signal: null,
  endedBy: null,
  reason: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  startedAt: null,
  endedAt: null,
  pane: null,
  command: "sh",
  pulled: false,
  result: null,
  usage: null,
};

it.each<[Partial<Session>, string]>([
  [{}, "running"],
  [{ waiting: "person" }, "running (waiting: person)"],
  [
    { waiting: "usage-limit", resumesAt: "2026-01-01T05:00:00Z" },
    "running (waiting: usage-limit until 2026-01-01T05:00:00Z)",
  ],
  [{ state: "succeeded", exitCode: 0, reason: null }, "succeeded"],
  [{ state: "failed", reason: "exit", exitCode: 3 }, "failed (exit 3)"],
  [
    { state: "failed", reason: "exit", exitCode: 3, endedBy: "claimed" },
    "failed (exit 3, as the guest claims)",
  ],
  [{ state: "failed", reason: "signal", signal: "KILL" }, "failed (signal KILL)"],
  [{ state: "lost", reason: "box-gone" }, "lost (box-gone)"],
])("stateOf %j", (change, text) => {
  expect(stateOf({ ...SESSION, ...change })).toBe(text);
});

it("a line and a table", () => {
  const now = Date.parse(SESSION.createdAt) + 150_000;
  expect(sessionLine(SESSION)).toBe("Session 7f3a9c21 running.");
  expect(sessionTable([SESSION], (_, text) => text, now)).toBe(
    [
      "SESSION   STATE    BRANCH  AGENT    PLAN     RESULT  AGE",
      "7f3a9c21  running  feat/x  runbook  plan.md          2m",
    ].join("\n"),
  );
});

it("several repositories are told apart", () => {
  const text = sessionTable([SESSION, { ...SESSION, repo: "/other" }], (_, cell) => cell, 0);
  expect(text).toContain("REPOSITORY");
  expect(text).toContain("/other");
});

it("shows what was used, where an agent said it", () => {
  const paint = (_format: unknown, text: string): string => text;
  const usage = { turns: 12, inputTokens: 34_100, outputTokens: 980, costUsd: 0.1234 };
  const shown = sessionTable([{ ...SESSION, usage }, SESSION], paint, Date.now());
  expect(shown).toContain("USED");
  expect(shown).toContain("12 turns, 34.1k in, 980 out, $0.12");
  expect(sessionTable([SESSION], paint, Date.now())).not.toContain("USED");
});

it("says that an agent waits because it is not logged in", () => {
  expect(stateOf({ ...SESSION, waiting: "person", reason: "not-logged-in" })).toBe(
    "running (waiting: person, not logged in)",
  );
});
