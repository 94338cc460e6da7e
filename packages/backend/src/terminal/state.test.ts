import { expect, it } from "vitest";

import { parseStates } from "./state.js";

it("reads each kind", () => {
  const states = parseStates(
    "a idle - - - -\nb running 1700000000 - - -\nc running - - - -\nd ended 1700000000 exit 3 1700000009\n",
  );
  expect(Object.fromEntries(states)).toEqual({
    a: { kind: "idle" },
    b: { kind: "running", startedAt: new Date(1_700_000_000_000) },
    c: { kind: "running", startedAt: null },
    d: {
      kind: "ended",
      startedAt: new Date(1_700_000_000_000),
      end: {
        exitCode: 3,
        signal: null,
        endedBy: "observed",
        reason: "exit",
        endedAt: new Date(1_700_000_009_000),
      },
    },
  });
});

it("reads what a running one waits for, and no word that is none", () => {
  const line = (words: string): unknown => parseStates(`x running - - - - ${words}\n`).get("x");
  const running = { kind: "running", startedAt: null };
  expect(line("finished -")).toEqual({ ...running, waiting: "finished" });
  expect(line("person 17")).toEqual({ ...running, waiting: "person" });
  const resumesAt = new Date(1_700_000_000_000);
  expect(line("usage-limit 1700000000")).toEqual({ ...running, waiting: "usage-limit", resumesAt });
  expect(line("done 17")).toEqual(running);
  expect(line("- -")).toEqual(running);
});

it.each([
  ["exit 0", { exitCode: 0, signal: null, reason: "exit" }],
  ["exit 127", { exitCode: 127, signal: null, reason: "exit" }],
  ["exit 128", { exitCode: 128, signal: null, reason: "exit" }],
  ["exit 137", { exitCode: 137, signal: "KILL", reason: "signal" }],
  ["exit 143", { exitCode: 143, signal: "TERM", reason: "signal" }],
  ["exit 255", { exitCode: 255, signal: null, reason: "exit" }],
  ["killed -", { exitCode: null, signal: null, reason: "killed" }],
  ["host-restart -", { exitCode: null, signal: null, reason: "host-restart" }],
  ["not-started -", { exitCode: null, signal: null, reason: "not-started" }],
])("tells the end %s", (words, end) => {
  const state = parseStates(`x ended - ${words} -\n`, "claimed").get("x");
  expect(state).toMatchObject({
    kind: "ended",
    end: { ...end, endedBy: "claimed", endedAt: null },
  });
});

it("leaves out what is no state", () => {
  expect(parseStates("\nnoise\nx ended - because 1 2\n").size).toBe(0);
});
