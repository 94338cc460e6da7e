import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { isDeepStrictEqual } from "node:util";

import type { CommandRunner, RunOptions, RunResult } from "../runner.js";

export interface FakeReply {
  /** Default 0. */
  readonly exitCode?: number;
  /** Default `null`. */
  readonly signal?: string | null;
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string;
  /** Thrown instead of a result (a `RunError`, for a program that gave no exit code). */
  readonly error?: Error;
}

/** A reply, or what makes it where it depends on the argv: a token in it that is echoed. */
export type FakeAnswer = FakeReply | ((argv: readonly string[]) => FakeReply);

interface Expectation {
  readonly argv: readonly string[] | undefined;
  readonly answer: FakeAnswer;
}

export interface FakeCall {
  readonly argv: readonly string[];
  readonly options: RunOptions;
  /** All of stdin, where it was text, bytes or a stream. */
  readonly stdin: Buffer | null;
}

/**
 * A strict `CommandRunner` for unit tests: replies are used up in order, and a
 * run that nothing was said about fails the test.
 */
export class FakeRunner implements CommandRunner {
  /** Each argv that was run, in order. */
  readonly calls: (readonly string[])[] = [];
  /** The same with options and stdin. */
  readonly runs: FakeCall[] = [];
  readonly #expected: Expectation[] = [];
  readonly #hostPrefix: readonly string[];

  /** @param hostPrefix put before an argv by `hostArgv`, as another place would. */
  constructor(hostPrefix: readonly string[] = []) {
    this.#hostPrefix = hostPrefix;
  }

  /** The next run, whatever its argv, gets this reply. */
  reply(answer: FakeAnswer = {}): this {
    this.#expected.push({ argv: undefined, answer });
    return this;
  }

  /** The next run must have exactly this argv and gets this reply. */
  expect(argv: readonly string[], answer: FakeAnswer = {}): this {
    this.#expected.push({ argv, answer });
    return this;
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    this.calls.push(argv);
    const stdin = await readAll(options.stdin);
    this.runs.push({ argv, options, stdin });
    const next = this.#expected.shift();
    if (next === undefined) throw new Error(`unexpected run: ${JSON.stringify(argv)}`);
    if (next.argv !== undefined && !isDeepStrictEqual([...next.argv], [...argv])) {
      throw new Error(
        `unexpected run: ${JSON.stringify(argv)}\n      expected: ${JSON.stringify(next.argv)}`,
      );
    }
    const reply = typeof next.answer === "function" ? next.answer(argv) : next.answer;
    if (reply.error !== undefined) throw reply.error;
    return deliver(reply, options);
  }

  hostArgv(argv: readonly string[]): readonly string[] {
    return [...this.#hostPrefix, ...argv];
  }

  /** @throws when a reply was prepared that nothing asked for. */
  assertDone(): void {
    if (this.#expected.length > 0) {
      throw new Error(`${String(this.#expected.length)} prepared replies were not used`);
    }
  }
}

async function readAll(stdin: RunOptions["stdin"]): Promise<Buffer | null> {
  if (stdin === undefined || stdin === "ignore" || stdin === "inherit") return null;
  if (!(stdin instanceof Readable)) return Buffer.from(stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

async function deliver(reply: FakeReply, options: RunOptions): Promise<RunResult> {
  const stdout = Buffer.from(reply.stdout ?? "");
  const stderr = reply.stderr ?? "";
  const [outTaken, errTaken] = await Promise.all([
    written(options.stdout, stdout),
    written(options.stderr, stderr),
  ]);
  return {
    exitCode: reply.exitCode ?? 0,
    signal: reply.signal ?? null,
    stdout: outTaken ? Buffer.alloc(0) : stdout,
    stderr: errTaken ? "" : stderr,
  };
}

/** @returns whether there was a stream to take it; it is ended then. */
async function written(sink: RunOptions["stdout"], content: Buffer | string): Promise<boolean> {
  if (typeof sink !== "object") return false;
  sink.end(content);
  await finished(sink, { readable: false });
  return true;
}
