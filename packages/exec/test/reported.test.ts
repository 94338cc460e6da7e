import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { describe, expect, it } from "vitest";

import { ExecaRunner, runReported, type RemoteLink, type RunOptions } from "@cco/exec";

import { waitFor } from "../../../test/support/wait-for.js";

/** A machine that is this one: what the helper does is the same wherever `sh` is. */
class Here implements RemoteLink {
  readonly #host = new ExecaRunner();
  exitCode: number | undefined;
  silent = false;

  async run(argv: readonly string[], options: RunOptions) {
    if (this.silent) return this.#host.run(["sh", "-c", "echo trouble >&2; exit 255"], options);
    // As sshd does it: a session of its own, which outlives the end of the transport.
    const session = 'exec 3<&0; setsid "$@" <&3 3<&- & wait $!';
    const result = await this.#host.run(["sh", "-c", session, "sh", ...argv], options);
    return { ...result, exitCode: this.exitCode ?? result.exitCode };
  }

  lost(): Error {
    return new Error("lost");
  }
}

const AWKWARD = ["", " a  b ", "it's", '"$(id)`x`"', "a\nb\n", "-n", "*", "é漢🎉", "A=b", "\\"];

describe("runReported", () => {
  it.each([0, 1, 3, 127, 255])(
    "exit code %i is the program's, not the transport's",
    async (code) => {
      const here = new Here();
      here.exitCode = 255;
      const result = await runReported(here, ["sh", "-c", `echo out; echo err >&2; exit ${code}`]);
      expect(result).toMatchObject({ exitCode: code, signal: null, stderr: "err\n" });
      expect(result.stdout.toString()).toBe("out\n");
    },
  );

  it("a signal is 128 and its number", async () => {
    const result = await runReported(new Here(), ["sh", "-c", "kill -KILL $$"]);
    expect(result).toMatchObject({ exitCode: 137, stderr: "" });
  });

  it("words, variables and folder arrive as they are", async () => {
    const script = 'pwd -P; printf "%s\\0" "$OF" "${HOME-none}" "$@"';
    const result = await runReported(new Here(), ["sh", "-c", script, "sh", ...AWKWARD], {
      cwd: "/usr",
      env: { OF: "it's\n$(x)", HOME: undefined },
    });
    expect(result.stdout.toString()).toBe(
      `/usr\n${["it's\n$(x)", "none", ...AWKWARD].map((word) => `${word}\0`).join("")}`,
    );
  });

  it("a name with = in it is a program's, and not there", async () => {
    const run = runReported(new Here(), ["A=b", "c"]);
    await expect(run).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
  });

  it.each([
    ["a program", ["cco-no-such-program"], {}, "cco-no-such-program"],
    ["a folder", ["true"], { cwd: "/no/such" }, "/no/such"],
  ])("%s that is not there is no exit code", async (_what, argv, options, name) => {
    await expect(runReported(new Here(), argv, options)).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
      message: `${name}: not found there`,
    });
  });

  it("no report is a lost connection, whatever the exit code", async () => {
    const here = new Here();
    here.silent = true;
    await expect(runReported(here, ["true"])).rejects.toThrow("lost");
  });

  it("stdin goes through, and a stderr sink gets all but the report", async () => {
    const sink = new PassThrough();
    const read = text(sink);
    const result = await runReported(new Here(), ["sh", "-c", "cat; printf é漢-no-newline >&2"], {
      stdin: "in",
      stderr: sink,
    });
    expect(result.stdout.toString()).toBe("in");
    expect(await read).toBe("é漢-no-newline");
    expect(result.exitCode).toBe(0);
  });

  it("stderr that nobody wants is not kept, and the exit code is known", async () => {
    const argv = ["sh", "-c", "echo err >&2; exit 5"];
    const result = await runReported(new Here(), argv, { stderr: "ignore" });
    expect(result).toMatchObject({ exitCode: 5, stderr: "" });
  });

  it.each([
    ["a time limit", () => ({ timeoutMs: 200 }), "COMMAND_TIMED_OUT"],
    ["an abort", () => ({ signal: AbortSignal.timeout(200) }), "COMMAND_ABORTED"],
  ])("%s ends the program over there, and what it started", async (_how, options, code) => {
    const marker = `cco-test-${String(process.pid)}-${code}`;
    const running = runReported(new Here(), ["sh", "-c", "sleep 600 & wait", marker], options());
    await expect(running).rejects.toMatchObject({
      code,
      argv: expect.arrayContaining([marker]) as string[],
    });
    const left = await new ExecaRunner().run(["pgrep", "-f", `sh -c sleep 600 & wait ${marker}`]);
    expect(left.stdout.toString()).toBe("");
  });

  it("an abort ends what the program started in a session of its own", async () => {
    const host = new ExecaRunner();
    const marker = `cco-test-${String(process.pid)}-session`;
    const child = async () => {
      const found = await host.run(["pgrep", "-f", `^sh -c trap "" TERM; .* ${marker}$`]);
      return found.stdout.toString();
    };
    const abort = new AbortController();
    const script = 'setsid sh -c \'trap "" TERM; while :; do sleep 600; done\' "$0" & wait';
    const running = runReported(new Here(), ["sh", "-c", script, marker], { signal: abort.signal });
    await waitFor(async () => (await child()) !== "");
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: "COMMAND_ABORTED" });
    expect(await child()).toBe("");
  });

  it("takes no variable that a shell could not have", async () => {
    const run = runReported(new Here(), ["true"], { env: { "a b": "c" } });
    await expect(run).rejects.toThrow(TypeError);
  });
});
