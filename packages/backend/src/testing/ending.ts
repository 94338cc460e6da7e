import { expect, it } from "vitest";

import type { Guest } from "../port.js";

import { file, finish, screen, sh, startWaiting, type Harness } from "./harness.js";

export function endingCases(harness: Harness): void {
  const endedBy = (): string => (harness.promises.observesEnd ? "observed" : "claimed");

  it.each([0, 3, 127, 255])("exit code %i of the agent", async (code) => {
    const guest = await harness.guest();
    await startWaiting(guest, code);
    await finish(guest);
    const end = await guest.ended();
    expect(end).toMatchObject({ exitCode: code, reason: "exit", endedBy: endedBy() });
    expect(end.endedAt).toBeInstanceOf(Date);
    expect(await guest.state()).toMatchObject({ kind: "ended", end });
  });

  it("an agent that a signal ended", async () => {
    const guest = await harness.guest();
    await guest.terminal.start(["sh", "-c", "kill -KILL $$"]);
    const end = await guest.ended();
    expect(end.exitCode === 137 || end.signal === "KILL").toBe(true);
  });

  it("an agent that ends at once", async () => {
    const guest = await harness.guest();
    await guest.terminal.start(["true"]);
    expect(await guest.ended()).toMatchObject({ exitCode: 0, reason: "exit" });
    await guest.terminal.started();
  });

  it("wakes every waiter, and one that comes after", async () => {
    const guest = await harness.guest();
    await startWaiting(guest, 3);
    const waiting = Array.from({ length: 5 }, () => guest.ended());
    // Another process's waiter, as a second `cco box wait` has it.
    const again = await harness.subject.backend.openGuest(guest.id);
    waiting.push(again.ended());
    await finish(guest);
    const ends = await Promise.all(waiting);
    expect(new Set(ends.map((end) => JSON.stringify(end))).size).toBe(1);
    expect(await guest.ended()).toEqual(ends[0]);
  });

  it("lets one waiter go; the agent and the other waiters stay", async () => {
    const guest = await harness.guest();
    await startWaiting(guest);
    const abort = new AbortController();
    const left = guest.ended({ signal: abort.signal });
    const staying = guest.ended();
    abort.abort();
    await expect(left).rejects.toThrow();
    await expect(guest.ended({ signal: abort.signal })).rejects.toThrow();
    expect(await guest.state()).toMatchObject({ kind: "running" });
    await finish(guest);
    expect((await staying).exitCode).toBe(0);
  });

  it("stop gives the agent TERM and its time", async () => {
    const guest = await harness.guest();
    const script =
      'trap "echo cleaned >cleaned; exit 5" TERM; echo READY; while :; do sleep 0.05; done';
    await guest.terminal.start(["sh", "-c", script]);
    await screen(guest, "READY");
    await guest.stop();
    expect(await sh(guest, "cat cleaned")).toBe("cleaned\n");
    expect((await guest.ended()).exitCode).toBe(5);
  });

  it("stop kills what will not go", async () => {
    const guest = await harness.guest();
    const script = 'trap "" TERM HUP INT; echo READY; while :; do sleep 0.05; done';
    await guest.terminal.start(["sh", "-c", script]);
    await screen(guest, "READY");
    await guest.stop({ graceMs: 200 });
    const end = await guest.ended();
    expect(end.exitCode).not.toBe(0);
    expect(await guest.state()).toMatchObject({ kind: "ended" });
  });

  it("stop changes nothing where no agent runs", async () => {
    const guest = await harness.guest();
    await guest.stop();
    expect(await guest.state()).toEqual({ kind: "idle" });
    await startWaiting(guest, 3);
    await finish(guest);
    const end = await guest.ended();
    await guest.stop();
    expect(await guest.ended()).toEqual(end);
  });

  it("leaves no process of the agent's", async ({ skip }) => {
    skip(!harness.promises.reapsProcesses, "not promised");
    const guest = await harness.guest();
    skip(!(await hasFlock(guest)), "the guest has no flock");
    const child = 'trap "" TERM HUP; flock lock sh -c "echo >held; exec sleep 600"';
    const script = `setsid sh -c '${child}' </dev/null >/dev/null 2>&1 & until [ -e held ]; do sleep 0.05; done`;
    await guest.terminal.start(["sh", "-c", script]);
    expect((await guest.ended()).exitCode).toBe(0);
    expect((await guest.exec(["flock", "-n", "lock", "true"])).exitCode).toBe(0);
  });

  it.each([
    ["by itself", "echo made >work", false],
    ["stopped", "echo made >work; echo READY; sleep 600", true],
  ])("runs afterEnd once over the bytes of an agent that ended %s", async (_how, script, stop) => {
    const after =
      "cat work >after.tmp; [ -t 0 ] && echo terminal >>after.tmp; echo once >>times; mv after.tmp after";
    const guest = await harness.guest({ afterEnd: ["sh", "-c", after] });
    await guest.terminal.start(["sh", "-c", script]);
    if (stop) {
      await screen(guest, "READY");
      await guest.stop({ graceMs: 200 });
    }
    await guest.ended();
    expect(await file(guest, "after")).toBe("made\n");
    await guest.terminal.start(["true"]);
    expect(await sh(guest, "cat times")).toBe("once\n");
  });

  it("a guest that dies halfway: known, kept, and usable", async ({ skip }) => {
    const { kill } = harness.subject;
    skip(kill === undefined, "nothing can end it from outside");
    const guest = await harness.guest();
    await startWaiting(guest);
    await sh(guest, "echo half >half");
    const waiting = guest.ended();
    await kill?.(guest.id);
    const end = await waiting;
    expect(end.exitCode).not.toBe(0);
    expect(end.reason).not.toBe("exit");
    expect(await guest.state()).toMatchObject({ kind: "ended" });
    expect(await sh(guest, "cat half")).toBe("half\n");
    // A new handle, as the next command has it.
    const again = await harness.subject.backend.openGuest(guest.id);
    // When it died may be learned later than that it did.
    expect(await again.ended()).toMatchObject({ exitCode: end.exitCode, reason: end.reason });
    expect(await sh(again, "cat half starts")).toBe("half\nstart\n");
    await again.terminal.start(["sh", "-c", "echo start >>starts"]);
    expect(await sh(again, "cat starts")).toBe("start\n");
    await expect(again.terminal.send("x")).rejects.toMatchObject({ code: "NOT_RUNNING" });
    expect(await again.terminal.capture()).toEqual(expect.any(String));
  });
}

async function hasFlock(guest: Guest): Promise<boolean> {
  return (await guest.exec(["sh", "-c", "command -v flock"])).exitCode === 0;
}
