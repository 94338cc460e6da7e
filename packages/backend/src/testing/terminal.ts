import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { expect, it } from "vitest";

import { AWKWARD } from "./awkward.js";
import {
  file,
  finish,
  screen,
  sh,
  startWaiting,
  until,
  waitingAgent,
  type Harness,
} from "./harness.js";

export function terminalCases(harness: Harness): void {
  it("starts the agent in the workspace, on a terminal, with its arguments byte for byte", async () => {
    const guest = await harness.guest();
    const script =
      '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && pwd -P >where; stty size >size; printf "%s\\0" "$@" >args.tmp; mv args.tmp args';
    await guest.terminal.start(["sh", "-c", script, "sh", ...AWKWARD]);
    expect((await file(guest, "args")).split("\0").slice(0, -1)).toEqual(AWKWARD);
    expect(await file(guest, "where")).toBe(`${guest.paths.workspace}\n`);
    expect(await file(guest, "size")).toMatch(/^[1-9]\d* [1-9]\d*\n$/);
    await guest.ended();
  });

  it("has started it once start resolves", async () => {
    const guest = await harness.guest();
    expect(await guest.state()).toEqual({ kind: "idle" });
    await guest.terminal.start(waitingAgent());
    const state = await guest.state();
    expect(state).toMatchObject({ kind: "running" });
    await guest.terminal.started();
    await finish(guest);
    expect((await guest.ended()).exitCode).toBe(0);
  });

  it("says what is wrong where the agent cannot start", async () => {
    const guest = await harness.guest();
    const failure: unknown = await guest.terminal
      .start(["cco-no-such-agent"])
      .then(() => guest.ended())
      .catch((error: unknown) => error);
    // Refused at once, or an end that is no success.
    if (failure instanceof Error) expect(failure).toMatchObject({ code: "START_FAILED" });
    else expect(failure).not.toMatchObject({ exitCode: 0 });
  });

  it("never starts it twice: by start, by launch, at once or after the end", async () => {
    const guest = await harness.guest();
    const { terminal } = guest;
    const launch = terminal.launchArgv(waitingAgent());
    const [viewer] = await Promise.all([
      harness.viewers.open(launch),
      ...Array.from({ length: 4 }, () => terminal.start(waitingAgent())),
    ]);
    await screen(guest, "READY");
    const second = await harness.viewers.open(launch);
    await until("a second viewer", async () => (await second.capture()).includes("READY"));
    await terminal.start(waitingAgent());
    await finish(guest);
    await guest.ended();
    await until("the viewer's end", () => viewer.ended());
    await terminal.start(waitingAgent());
    const third = await harness.viewers.open(launch);
    await until("a third viewer", () => third.ended());
    expect(await file(guest, "starts")).toBe("start\n");
  });

  it("outlives its viewers", async () => {
    const guest = await harness.guest();
    const viewer = await harness.viewers.open(guest.terminal.launchArgv(waitingAgent(3)));
    await guest.terminal.started();
    await until("the agent in the viewer", async () => (await viewer.capture()).includes("READY"));
    await viewer.close();
    const again = await harness.viewers.open(guest.terminal.viewArgv());
    await until("the agent in a new viewer", async () => (await again.capture()).includes("READY"));
    expect(await guest.state()).toMatchObject({ kind: "running" });
    await finish(guest);
    expect((await guest.ended()).exitCode).toBe(3);
    expect(await file(guest, "starts")).toBe("start\n");
  });

  it("shows its last screen after the end, to the library and to a viewer", async () => {
    const guest = await harness.guest();
    await startWaiting(guest);
    await finish(guest);
    await guest.ended();
    expect(await screen(guest, "BYE")).toContain("READY");
    const viewer = await harness.viewers.open(guest.terminal.viewArgv());
    await until("the viewer's end", () => viewer.ended());
    expect(await viewer.capture()).toContain("BYE");
  });

  it("carries keys to the agent, Ctrl-C to it alone", async () => {
    const guest = await harness.guest();
    const script =
      'trap "echo interrupted" INT; echo READY; while read -r line; do echo "got $line"; done';
    // `read` gives up at a signal: the loop goes on to the next line.
    const agent = ["sh", "-c", `while :; do ${script}; done`];
    const viewer = await harness.viewers.open(guest.terminal.launchArgv(agent));
    await screen(guest, "READY");
    await viewer.press("h", "i", "Enter");
    await screen(guest, "got hi");
    await viewer.press("C-c");
    await screen(guest, "interrupted");
    await viewer.press("o", "n", "Enter");
    await screen(guest, "got on");
    expect(await guest.state()).toMatchObject({ kind: "running" });
  });

  it("sends text as one bracketed paste and Enter", async () => {
    const guest = await harness.guest();
    const pasted = `first "line" $(x);\nsecond 'line' \\ é漢🎉\n-third`;
    const bytes = Buffer.byteLength(pasted) + "\u001b[200~\u001b[201~\r".length;
    const script =
      "stty raw -echo; printf '\\033[?2004hREADY'; head -c \"$1\" >got.tmp; mv got.tmp got; stty sane";
    await guest.terminal.start(["sh", "-c", script, "sh", String(bytes)]);
    await screen(guest, "READY");
    await guest.terminal.send(pasted);
    const got = await file(guest, "got");
    expect(got.replaceAll("\n", "\r")).toBe(
      `\u001b[200~${pasted.replaceAll("\n", "\r")}\u001b[201~\r`,
    );
  });

  it("sends a long text whole", async () => {
    const guest = await harness.guest();
    const long = "0123456789abcdef".repeat(2000);
    await guest.terminal.start([
      ...["sh", "-c", 'stty raw -echo; printf READY; head -c "$1" >got.tmp; mv got.tmp got', "sh"],
      String(long.length + 1),
    ]);
    await screen(guest, "READY");
    await guest.terminal.send(long);
    expect(await file(guest, "got")).toBe(`${long}\r`);
  });

  it("refuses to send where no agent runs", async () => {
    const guest = await harness.guest();
    await expect(guest.terminal.send("x")).rejects.toMatchObject({ code: "NOT_RUNNING" });
    await startWaiting(guest);
    await finish(guest);
    await guest.ended();
    await expect(guest.terminal.send("x")).rejects.toMatchObject({ code: "NOT_RUNNING" });
  });

  it("keeps a log of all it printed, byte for byte, beyond the screen", async () => {
    const guest = await harness.guest();
    const script =
      "printf '\\033[31mred\\033[0m\\n'; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo \"line $i\"; done";
    await guest.terminal.start(["sh", "-c", script]);
    await guest.ended();
    const lines = Array.from({ length: 3000 }, (_, index) => `line ${index + 1}\r\n`).join("");
    expect(await logOf(guest.terminal)).toBe(`\u001b[31mred\u001b[0m\r\n${lines}`);
  });

  it("follows the log to the end", async () => {
    const guest = await harness.guest();
    await startWaiting(guest);
    const following = logOf(guest.terminal, { follow: true });
    await finish(guest);
    expect(await following).toBe("READY\r\nBYE\r\n");
  });

  it("stops following when told to; the agent goes on", async () => {
    const guest = await harness.guest();
    await startWaiting(guest);
    const abort = new AbortController();
    const sink = new PassThrough();
    const following = guest.terminal.log(sink, { follow: true, signal: abort.signal });
    await until("something to read", async () => sink.readableLength > 0);
    abort.abort();
    await Promise.allSettled([following]);
    expect(await guest.state()).toMatchObject({ kind: "running" });
    await sh(guest, "true");
  });
}

async function logOf(
  terminal: { log(sink: NodeJS.WritableStream, options?: { follow?: boolean }): Promise<void> },
  options?: { follow?: boolean },
): Promise<string> {
  const sink = new PassThrough();
  const [content] = await Promise.all([text(sink), terminal.log(sink, options)]);
  return content;
}
