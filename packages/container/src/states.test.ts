import { describe, expect, it } from "vitest";

import { parseContainers } from "./states.js";

/** A line as podman 4.3 and docker 20.10 print it. */
function line(fields: {
  status: string;
  exitCode?: number;
  oom?: boolean;
  started?: string;
  finished?: string;
}): string {
  const { status, exitCode = 0, oom = false } = fields;
  const { started = "2026-01-02T10:00:00.5Z", finished = "0001-01-01T00:00:00Z" } = fields;
  const values = ["7f3a9c21", status, exitCode, oom, started, finished, ""];
  return values.map((value) => JSON.stringify(value)).join(" ");
}

function state(text: string) {
  return parseContainers(`btime 1767340800\n${text}\n`).get("7f3a9c21");
}

const startedAt = new Date("2026-01-02T10:00:00.5Z");
const endedAt = new Date("2026-01-02T10:05:00Z");
const finished = "2026-01-02T10:05:00Z";

describe("parseContainers", () => {
  it.each(["created", "configured", "initialized"])("%s: nothing was started", (status) => {
    expect(state(line({ status }))).toEqual({ kind: "idle" });
  });

  it.each(["running", "paused", "stopping"])("%s: it runs", (status) => {
    expect(state(line({ status }))).toEqual({ kind: "running", startedAt });
  });

  it("an exit code is one", () => {
    expect(state(line({ status: "exited", exitCode: 3, finished }))).toEqual({
      kind: "ended",
      startedAt,
      end: { exitCode: 3, signal: null, endedBy: "observed", reason: "exit", endedAt },
    });
  });

  it("137 is a kill; one for want of memory says so", () => {
    const killed = { status: "exited", exitCode: 137, finished };
    expect(state(line(killed))).toMatchObject({ end: { signal: "KILL", reason: "signal" } });
    expect(state(line({ ...killed, oom: true }))).toMatchObject({
      end: { exitCode: 137, reason: "out-of-memory" },
    });
  });

  it("the container's own word counts where the engine did not see it, of one that ended", () => {
    const killed = line({ status: "exited", exitCode: 137, finished });
    expect(state(`${killed}\noom 7f3a9c21`)).toMatchObject({ end: { reason: "out-of-memory" } });
    expect(state(`${line({ status: "running" })}\noom 7f3a9c21`)?.kind).toBe("running");
  });

  it("a program that was killed for want of memory and an agent that ended well all the same: no failure", () => {
    expect(state(line({ status: "exited", oom: true, finished }))).toMatchObject({
      end: { exitCode: 0, reason: "exit" },
    });
  });

  it("started before the machine was, never seen to end: the machine was started again", () => {
    const started = "2026-01-01T10:00:00Z";
    expect(state(line({ status: "exited", exitCode: 0, started }))).toMatchObject({
      kind: "ended",
      end: { exitCode: null, reason: "host-restart", endedAt: null },
    });
  });

  it("what a running agent waits for comes on a line of its own, and changes nothing of one that ended", () => {
    const waiting = "waiting 7f3a9c21 person 0 -";
    expect(state(`${line({ status: "running" })}\n${waiting}`)?.kind).toBe("running");
    expect(state(`${line({ status: "exited", finished })}\n${waiting}`)?.kind).toBe("ended");
  });

  it("leaves out what is no such line", () => {
    expect(parseContainers('btime x\n"a" "b"\n{} [] 1 2 3 4 5\n\nError: no\n').size).toBe(0);
  });
});
