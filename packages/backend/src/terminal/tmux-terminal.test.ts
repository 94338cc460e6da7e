import { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";

import { RunError, type CommandRunner, type RunOptions } from "@cco/exec";
import { FakeRunner } from "@cco/exec/testing";
import { describe, expect, it } from "vitest";

import { TmuxTerminal } from "./tmux-terminal.js";

const launch = "/data/guests/a1/ctl/launch";

function terminal(runner: FakeRunner): TmuxTerminal {
  return new TmuxTerminal({ runner, id: "a1", controlDir: "/data/guests/a1/ctl" });
}

describe("TmuxTerminal", () => {
  it("launches and shows by an argv of the host", () => {
    const subject = terminal(new FakeRunner(["ssh", "box", "--"]));
    expect(subject.launchArgv(["claude", "a b"])).toEqual([
      ...["ssh", "box", "--", "sh", launch, "a1", "claude", "a b"],
    ]);
    expect(subject.viewArgv()).toEqual(["ssh", "box", "--", "sh", launch, "--view", "a1"]);
  });

  it("starts detached in one call", async () => {
    const runner = new FakeRunner().expect(["sh", launch, "--detach", "a1", "claude"], {
      stdout: "a1 running 1700000000 - - -\n",
    });
    await terminal(runner).start(["claude"]);
    runner.assertDone();
  });

  it("is content with an agent that ended already", async () => {
    const runner = new FakeRunner().reply({ stdout: "a1 ended 1 exit 1 2\n" });
    await terminal(runner).start(["false"]);
    expect(runner.calls).toHaveLength(1);
  });

  it("tells a start that failed in the words on the screen", async () => {
    const runner = new FakeRunner()
      .reply({ stdout: "a1 ended - not-started - 2\n" })
      .reply({ stdout: "\x1b[31mbwrap: no namespaces\x1b[0m\n\n" });
    await expect(terminal(runner).start(["claude"])).rejects.toMatchObject({
      code: "START_FAILED",
      message: "the agent of a1 did not start: bwrap: no namespaces",
    });
  });

  it("gives up waiting for a launch that nobody begins", async () => {
    const aborted = new RunError("COMMAND_ABORTED", ["sh"], "sh: aborted");
    const runner = {
      run: (_argv: readonly string[], { signal }: { signal?: AbortSignal } = {}) =>
        new Promise<never>((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            reject(aborted);
          });
        }),
      hostArgv: (argv: readonly string[]) => argv,
    };
    const subject = new TmuxTerminal({ runner, id: "a1", controlDir: "/ctl" });
    await expect(subject.started({ timeoutMs: 1 })).rejects.toMatchObject({ code: "START_FAILED" });
    await expect(
      subject.started({ timeoutMs: 60_000, signal: AbortSignal.timeout(1) }),
    ).rejects.toBe(aborted);
  });

  it("sends text that cannot end its own paste", async () => {
    const runner = new FakeRunner().expect(["sh", launch, "--send", "a1"]);
    await terminal(runner).send("one\n\ttwo\x1b[201~\x03\r\x9b é");
    expect(runner.runs[0]?.stdin?.toString()).toBe("one\n\ttwo[201~ é");
  });

  it("refuses to send to an agent that does not run", async () => {
    const runner = new FakeRunner().reply({ exitCode: 3 });
    await expect(terminal(runner).send("x")).rejects.toMatchObject({ code: "NOT_RUNNING" });
  });

  it("stops: TERM, then the end", async () => {
    const runner = new FakeRunner()
      .expect(["sh", launch, "--term", "a1"])
      .expect(["sh", launch, "--await", "end", "a1"], { stdout: "a1 ended 1 exit 143 2\n" });
    await terminal(runner).stop();
    runner.assertDone();
  });

  it("stops: a TERM that never gets through is given up", async () => {
    const slow = new RunError("COMMAND_TIMED_OUT", ["sh"], "sh: timed out");
    const runner = new FakeRunner()
      .expect(["sh", launch, "--term", "a1"], { error: slow })
      .expect(["sh", launch, "--await", "end", "a1"], { stdout: "a1 ended 1 killed - 2\n" });
    await terminal(runner).stop();
    expect(runner.runs[0]?.options.timeoutMs).toBe(10_000);
    runner.assertDone();
  });

  it.each([{}, { follow: true }])("gives a slow reader the whole log: %j", async (options) => {
    const log = Array.from({ length: 40 }, (_, line) => `line ${String(line)}\n`.padStart(1000));
    const runner = printing(log);
    let got = "";
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        got += chunk.toString();
        setImmediate(done);
      },
    });
    await new TmuxTerminal({ runner, id: "a1", controlDir: "/ctl" }).log(slow, options);
    expect(got).toBe(log.join(""));
  });

  it("takes no id that is not one", () => {
    const runner = new FakeRunner();
    expect(() => new TmuxTerminal({ runner, id: "../x", controlDir: "/ctl" })).toThrow(TypeError);
  });
});

/** A runner whose `--log` prints what is asked for, line by line, and then exits. */
function printing(log: readonly string[]): CommandRunner {
  return {
    run: async (argv: readonly string[], { stdout }: RunOptions = {}) => {
      const from = argv.includes("--follow") ? 0 : Number(argv.at(-2));
      const left = from === 0 ? log : [log.join("").slice(from)];
      if (!(stdout instanceof Writable)) throw new Error("nothing takes the log");
      Readable.from(left.map((line) => Buffer.from(line))).pipe(stdout);
      await finished(stdout, { readable: false });
      return { exitCode: 0, signal: null, stdout: Buffer.alloc(0), stderr: "" };
    },
    hostArgv: (argv: readonly string[]) => argv,
  };
}
