import { Writable } from "node:stream";

import { RunError, type RunOptions, type RunResult } from "@cco/exec";
import { gitFailed, type Git } from "@cco/git";

import { refuse } from "./refuse.js";

const MAX_RECORD = 1024 * 1024;

/** Thrown by a reader that has seen all it wants: git is stopped, and that is no error. */
export class Enough extends Error {}

/** Splits output at a byte and hands each record on, without holding more than one. */
class RecordSink extends Writable {
  #rest: Buffer[] = [];
  #length = 0;
  readonly #separator: number;
  readonly #onRecord: (record: Buffer) => void;

  constructor(separator: number, onRecord: (record: Buffer) => void) {
    super();
    this.#separator = separator;
    this.#onRecord = onRecord;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    try {
      this.#split(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #split(chunk: Buffer): void {
    let at = 0;
    for (let end = chunk.indexOf(this.#separator); end >= 0;) {
      const piece = chunk.subarray(at, end);
      const record = this.#rest.length === 0 ? piece : Buffer.concat([...this.#rest, piece]);
      this.#rest = [];
      this.#length = 0;
      this.#onRecord(record);
      at = end + 1;
      end = chunk.indexOf(this.#separator, at);
    }
    if (at === chunk.length) return;
    this.#rest.push(Buffer.from(chunk.subarray(at)));
    this.#length += chunk.length - at;
    if (this.#length > MAX_RECORD) throw refuse("too-big", "a path is too long");
  }
}

export interface ReadOptions extends Pick<RunOptions, "stdin" | "signal"> {
  /** Byte that ends a record. */
  readonly separator: "\0" | "\n";
}

/**
 * Run git and hand its output on record by record. What `onRecord` throws stops git and
 * comes out here; `Enough` comes out as `true`.
 *
 * @returns the result, or `"enough"`.
 */
export async function readRecords(
  git: Git,
  args: readonly string[],
  options: ReadOptions,
  onRecord: (record: Buffer) => void,
): Promise<RunResult | "enough"> {
  const sink = new RecordSink(options.separator.charCodeAt(0), onRecord);
  return runInto(git, args, { stdin: options.stdin, signal: options.signal }, sink);
}

/** As {@link readRecords}, into any sink that may refuse. */
export async function runInto(
  git: Git,
  args: readonly string[],
  options: Pick<RunOptions, "stdin" | "signal">,
  sink: Writable,
): Promise<RunResult | "enough"> {
  try {
    return await git.run(args, { ...options, stdout: sink });
  } catch (error) {
    const cause = error instanceof RunError ? error.cause : undefined;
    if (error instanceof RunError && error.code === "COMMAND_STREAM_FAILED") {
      if (cause instanceof Enough) return "enough";
      if (cause instanceof Error) throw cause;
    }
    throw error;
  }
}

/** The same where anything but exit code 0 is a failure of git's own. */
export async function readAll(
  git: Git,
  args: readonly string[],
  options: ReadOptions,
  onRecord: (record: Buffer) => void,
): Promise<void> {
  const result = await readRecords(git, args, options, onRecord);
  if (result !== "enough" && result.exitCode !== 0) throw gitFailed(args, result);
}
