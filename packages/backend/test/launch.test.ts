import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { describe, expect, it } from "vitest";

import { hasTmux, TestTmux } from "../../../test/support/tmux.js";
import { waitFor } from "../../../test/support/wait-for.js";
import { run, SHELLS, testTerminal } from "./launch-support.js";

describe.skipIf(!hasTmux())("the launch script", () => {
  describe.each(SHELLS)("under %s", (shell) => {
    it.each([0, 3, 126, 127, 148, 255])("tells exit code %i", async (code) => {
      const { terminal } = testTerminal(shell);
      await terminal.start(["sh", "-c", `echo said; exit ${String(code)}`]);
      expect(await terminal.ended()).toMatchObject({ exitCode: code });
      await waitFor(async () => (await terminal.capture()).includes("said"));
    });

    it.each(["TERM", "KILL", "INT"])("tells signal %s", async (signal) => {
      const { terminal } = testTerminal(shell);
      await terminal.start(["sh", "-c", `kill -${signal} $$`]);
      expect(await terminal.ended()).toMatchObject({ reason: "signal", signal });
    });

    it("passes every word byte for byte", async () => {
      const { terminal, dir } = testTerminal(shell);
      const words = [
        "",
        " ",
        "a'b''c",
        '"$(x)`y`\\',
        "l1\nl2\n\n",
        "'",
        ";",
        "x;",
        "\\;",
        "-n",
        "*",
      ];
      words.push("#{pane_id}", "%H", "é✓", "\t");
      await terminal.start(["sh", "-c", 'printf "%s\\0" "$@" >words', "x", ...words]);
      expect(await terminal.ended()).toMatchObject({ exitCode: 0 });
      expect(readFileSync(join(dir, "words"), "utf8").split("\0").slice(0, -1)).toEqual(words);
    });

    it("starts once of two launches at once", async () => {
      const { terminal, dir } = testTerminal(shell);
      const argv = ["sh", "-c", "echo start >>starts; read -r line"];
      await Promise.all([terminal.start(argv), terminal.start(argv), terminal.start(argv)]);
      await waitFor(() => readFileSync(join(dir, "starts"), "utf8") !== "");
      await terminal.stop({ graceMs: 0 });
      await terminal.start(argv);
      expect(readFileSync(join(dir, "starts"), "utf8")).toBe("start\n");
    });

    it("gives Ctrl-C and Ctrl-Z to the agent, which goes on after a stop", async () => {
      const { terminal, ctl, env } = testTerminal(shell);
      const agent =
        'trap "echo interrupted" INT; trap "echo goes on" CONT; echo READY; while :; do read -r line; done';
      await terminal.start(["bash", "-c", agent]);
      const shows = (words: string) =>
        waitFor(async () => (await terminal.capture()).includes(words), { what: words });
      const press = (key: string) =>
        run("tmux", ["-S", "tty", "send-keys", "-t", "=agent:", key], { cwd: ctl, env });
      await shows("READY");
      await press("C-c");
      await shows("interrupted");
      await press("C-z");
      await shows("goes on");
      expect((await terminal.state()).kind).toBe("running");
      await terminal.stop();
      expect(await terminal.ended()).toMatchObject({ reason: "signal", signal: "TERM" });
    });

    it("says in the box's words why it did not start", async () => {
      const { terminal } = testTerminal(
        shell,
        "ctl",
        'box_agent() { echo "no box today" >&2; exit 1; }\n',
      );
      await expect(terminal.start(["true"])).rejects.toMatchObject({
        code: "START_FAILED",
        message: expect.stringContaining("no box today") as string,
      });
      expect(await terminal.ended()).toMatchObject({ reason: "not-started", exitCode: null });
    });

    it("names an agent that is not there", async () => {
      const { terminal } = testTerminal(shell);
      await expect(terminal.start(["no-such-agent"])).rejects.toThrow("no-such-agent");
    });
  });

  it("works in folders with spaces, quotes and more bytes than a socket's path may have", async () => {
    const folder = `it's a "deep" #{place} %H $HOME/${"x".repeat(90)}/${"y".repeat(90)}/ctl`;
    const { terminal, ctl } = testTerminal("/bin/sh", folder);
    await terminal.start(["sh", "-c", "echo here; exit 3"]);
    expect(await terminal.ended()).toMatchObject({ exitCode: 3 });
    const sink = new PassThrough();
    const [said] = await Promise.all([text(sink), terminal.log(sink, { follow: true })]);
    expect(said).toBe("here\r\n");
    expect(execFileSync("sh", [join(ctl, "launch"), "--view", "x"]).toString()).toContain(
      "ended with exit code 3",
    );
  });

  it("shows the running agent to a person and stays when the person leaves", async () => {
    const { terminal, ctl, env, dir } = testTerminal("/bin/sh");
    const host = new TestTmux({ ...env, TMUX_TMPDIR: join(dir, "e/tmux") });
    const argv = terminal.launchArgv([
      "sh",
      "-c",
      "echo READY; read -r line; echo got $line; exit 5",
    ]);
    // The server has to outlive its other sessions.
    host.newSession("other");
    host.newSession("person", [...argv]);
    await host.waitForText("=person:", "READY");
    host.run("kill-session", "-t", "=person");
    expect((await terminal.state()).kind).toBe("running");
    host.newSession("again", ["sh", "-c", 'sh "$1" --view x; exec cat', "x", join(ctl, "launch")]);
    await host.waitForText("=again:", "READY");
    await terminal.send("hello");
    await host.waitForText("=again:", "session x ended with exit code 5");
    expect(host.screen("=again:")).toContain("got hello");
  });

  it("a session that never started: nothing to wait for, to show, to send to", async () => {
    const { terminal } = testTerminal("/bin/sh");
    expect(await terminal.state()).toEqual({ kind: "idle" });
    expect(await terminal.ended()).toMatchObject({ reason: "not-started" });
    expect(await terminal.capture()).toBe("");
    await terminal.stop();
    await expect(terminal.send("x")).rejects.toMatchObject({ code: "NOT_RUNNING" });
    await expect(terminal.started({ timeoutMs: 100 })).rejects.toMatchObject({
      code: "START_FAILED",
    });
  });

  it("a launcher that died before it started anything: not started", async () => {
    const { terminal, ctl } = testTerminal("/bin/sh");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    writeFileSync(join(ctl, "started"), `${boot} 999999999 1 1\n`);
    expect(await terminal.state()).toMatchObject({ kind: "ended", end: { reason: "not-started" } });
    await expect(terminal.start(["true"])).rejects.toMatchObject({ code: "START_FAILED" });
  });

  it("a waiter that is let go leaves no process behind", async () => {
    const { terminal, ctl } = testTerminal("/bin/sh");
    await terminal.start(["sh", "-c", "read -r line"]);
    const controller = new AbortController();
    const waiting = terminal.ended({ signal: controller.signal });
    const waiters = () => execFileSync("ls", [join(ctl, "waiters")]).toString();
    await waitFor(() => waiters() !== "");
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "COMMAND_ABORTED" });
    await waitFor(() => waiters() === "");
    expect((await terminal.state()).kind).toBe("running");
  });

  it("gives no open descriptor of its caller to the session", async () => {
    const { ctl, env, terminal } = testTerminal("/bin/sh");
    const lock = join(ctl, "lock");
    const argv = [
      "-c",
      'exec 9>"$1"; sh "$2" --detach x sleep 1000',
      "x",
      lock,
      join(ctl, "launch"),
    ];
    await run("sh", argv, { env });
    const open = execFileSync("sh", [
      "-c",
      'ls -l /proc/[0-9]*/fd 2>/dev/null | grep -cF "$1" || :',
      "x",
      lock,
    ]);
    expect(open.toString().trim()).toBe("0");
    await terminal.stop({ graceMs: 0 });
  });
});
