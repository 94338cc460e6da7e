import { FakeRunner } from "@cco/exec/testing";
import { expect, it } from "vitest";

import type { GuestState } from "../port.js";
import { PairTerminal } from "./pair-terminal.js";

const RUNNING: GuestState = { kind: "running", startedAt: null };
const KILLED: GuestState = {
  kind: "ended",
  startedAt: null,
  end: { exitCode: 137, signal: "KILL", endedBy: "observed", reason: "signal", endedAt: null },
};

/** A session whose agent ends when it is killed, and not before. */
function stubborn(agent: FakeRunner) {
  let state = RUNNING;
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const terminal = new PairTerminal({
    id: "a1",
    agent,
    keeper: new FakeRunner(),
    state: () => Promise.resolve(state),
    begin: () => Promise.resolve(),
    wait: ({ signal }) =>
      new Promise((resolve, reject) => {
        void end.then(resolve);
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
      }),
    kill: () => {
      state = KILLED;
      ended();
      return Promise.resolve();
    },
    launchArgv: (argv) => argv,
    viewArgv: () => [],
  });
  return { terminal, state: () => state };
}

it("stop gives TERM a limited time, for the guest may change what says it, and then kills", async () => {
  const agent = new FakeRunner().expect(["sh", "/cco/launch", "--term", "a1"]);
  const { terminal, state } = stubborn(agent);
  await terminal.stop({ graceMs: 1 });
  expect(agent.runs[0]?.options.timeoutMs).toBe(10_000);
  expect(state()).toBe(KILLED);
});
