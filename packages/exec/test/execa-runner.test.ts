import { createHash, randomBytes } from "node:crypto";
import { rmdirSync } from "node:fs";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { ExecaRunner, quoteArgv } from "@cco/exec";
import { describe, expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";

const runner = new ExecaRunner();
const sh = (script: string, ...args: string[]) => ["sh", "-c", script, "sh", ...args];

describe("exit codes are data", () => {
  it.each([0, 1, 127, 255])("resolves with %i", async (code) => {
    expect((await runner.run(sh(`exit ${String(code)}`))).exitCode).toBe(code);
  });

  it("gives 128 + number and the name of a signal", async () => {
    const result = await runner.run(sh("kill -KILL $$"));
    expect(result).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
  });
});

describe("no exit code is an error", () => {
  it("names a program that is not there", async () => {
    await expect(runner.run(["cco-no-such-program"])).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
      message: "cco-no-such-program: command not found",
    });
  });

  it("refuses a folder that is not there", async () => {
    await expect(runner.run(["true"], { cwd: "/no/such/folder" })).rejects.toMatchObject({
      code: expect.stringMatching(/^COMMAND_NOT_(FOUND|STARTED)$/) as string,
    });
  });

  it("runs in / once this process's own folder is gone", async () => {
    const before = process.cwd();
    const folder = makeTempDir();
    process.chdir(folder);
    try {
      rmdirSync(folder);
      expect((await runner.run(["pwd"])).stdout.toString()).toBe("/\n");
    } finally {
      process.chdir(before);
    }
  });

  it("ends a program at its timeout", async () => {
    await expect(runner.run(["sleep", "60"], { timeoutMs: 50 })).rejects.toMatchObject({
      code: "COMMAND_TIMED_OUT",
    });
  });

  it("does not wait for what a timed out program left behind", async () => {
    let pid = 0;
    const left = new Writable({
      write(chunk: Buffer, _encoding, done) {
        pid = Number(chunk);
        done();
      },
    });
    await expect(
      runner.run(sh("sleep 20 & echo $!; exec sleep 20"), { timeoutMs: 50, stdout: left }),
    ).rejects.toMatchObject({ code: "COMMAND_TIMED_OUT" });
    process.kill(pid, "SIGKILL");
  });

  it("ends a program when aborted", async () => {
    const controller = new AbortController();
    const run = runner.run(sh("echo up; exec sleep 60"), {
      signal: controller.signal,
      stdout: new Writable({
        write(_chunk, _encoding, done) {
          controller.abort();
          done();
        },
      }),
    });
    await expect(run).rejects.toMatchObject({ code: "COMMAND_ABORTED" });
  });

  it("does not start anything for a signal that is aborted already", async () => {
    await expect(runner.run(["true"], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "COMMAND_ABORTED",
    });
  });

  it("keeps no more output than asked", async () => {
    await expect(runner.run(sh("yes | head -c 100000"), { maxBuffer: 1000 })).rejects.toMatchObject(
      { code: "COMMAND_OUTPUT_TOO_LARGE" },
    );
  });

  it("does not put arguments into the message", async () => {
    await expect(runner.run(["cco-no-such-program", "secret"])).rejects.toThrow(
      /^((?!secret).)*$/u,
    );
  });
});

it("passes an argv exactly, and a quoted one through a shell", async () => {
  const awkward = ["", " ", "\n", "'", '"', "$HOME", "$(id)", "\\", "*", ";", "-n", "ünï→", "a;"];
  const script = `for a in "$@"; do printf '%s\\0' "$a"; done`;
  const expected = awkward.join("\0") + "\0";

  expect((await runner.run(sh(script, ...awkward))).stdout.toString()).toBe(expected);
  const line = quoteArgv(sh(script, ...awkward));
  expect((await runner.run(sh(line))).stdout.toString()).toBe(expected);
});

it("adds to the environment and removes from it", async () => {
  const own = new ExecaRunner({ env: { ...process.env, CCO_A: "1", CCO_B: "2" } });
  const result = await own.run(sh('echo "$CCO_A,${CCO_B-unset},$CCO_C"'), {
    env: { CCO_B: undefined, CCO_C: "3" },
  });
  expect(result.stdout.toString()).toBe("1,unset,3\n");
});

it("gives a program no stdin unless asked", async () => {
  expect((await runner.run(["cat"])).stdout).toHaveLength(0);
  expect((await runner.run(["cat"], { stdin: "text" })).stdout.toString()).toBe("text");
});

it("streams bytes in and out unchanged", async () => {
  const bytes = randomBytes(20_000_000);
  const sink = new PassThrough();
  const [result, written] = await Promise.all([
    runner.run(["cat"], { stdin: Readable.from([bytes]), stdout: sink }),
    buffer(sink),
  ]);
  expect(result.exitCode).toBe(0);
  expect(sha(written)).toBe(sha(bytes));
});

it("lets a program end without reading all its input", async () => {
  const result = await runner.run(["head", "-c", "1"], { stdin: randomBytes(5_000_000) });
  expect(result).toMatchObject({ exitCode: 0 });
});

it("fails when a stream it feeds from fails", async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error("disk gone"));
    },
  });
  await expect(runner.run(["cat"], { stdin: broken })).rejects.toMatchObject({
    code: "COMMAND_STREAM_FAILED",
  });
});

it("fails when a stream it writes to fails", async () => {
  const full = new Writable({
    write(_chunk, _encoding, done) {
      done(new Error("no space left"));
    },
  });
  await expect(runner.run(sh("yes | head -c 5000000"), { stdout: full })).rejects.toMatchObject({
    code: "COMMAND_STREAM_FAILED",
  });
});

function sha(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
