import { PassThrough, Readable, Writable } from "node:stream";

import type { CommandRunner, RunOptions, RunResult } from "@cco/exec";

import { AfterMark, afterMark, Collected } from "./after-mark.js";

/** What ssh is made to print where it has no connection to share; nothing was run then. */
export const UNSHARED = "cco-no-connection-to-share";

export type Attempted =
  | { readonly result: RunResult }
  /** Nothing was run, no byte of stdin was taken. */
  | { readonly unshared: string };

/**
 * Run `sshArgv` once, whose program prints `mark` on stdout and stderr before it starts. Streams
 * of the caller are touched only from then on, so that what did not run can be tried again.
 */
export async function attempt(
  runner: CommandRunner,
  sshArgv: readonly string[],
  mark: string,
  options: RunOptions,
): Promise<Attempted> {
  const collected = options.stderr instanceof Writable ? undefined : new Collected();
  const err = new AfterMark(mark, collected ?? (options.stderr as Writable));
  const out = options.stdout instanceof Writable ? new AfterMark(mark, options.stdout) : undefined;
  const stdin = options.stdin instanceof Readable ? held(options.stdin, err) : options.stdin;
  let result: RunResult;
  try {
    result = await runner.run(sshArgv, {
      ...options,
      stdin,
      stdout: out ?? options.stdout,
      stderr: err,
    });
  } catch (error) {
    // As where a program's output is cut short on this machine.
    for (const sink of [options.stdout, options.stderr]) {
      if (sink instanceof Writable) sink.destroy();
    }
    throw error;
  }
  if (!err.began && result.exitCode === 255 && err.before.includes(UNSHARED)) {
    return { unshared: err.before };
  }
  await Promise.all([out?.finish(), err.finish()]);
  const words = collected?.text ?? "";
  const stderr = err.began ? words : err.before;
  return { result: { ...result, stdout: afterMark(result.stdout, mark), stderr } };
}

/** `source`, from when the program begins. */
function held(source: Readable, err: AfterMark): Readable {
  const gate = new PassThrough();
  err.once("began", () => {
    source.once("error", (error) => gate.destroy(error));
    if (source.errored !== null) gate.destroy(source.errored);
    source.pipe(gate);
  });
  gate.once("close", () => {
    // Nobody reads the rest. What did not begin may be wanted by the next attempt.
    if (err.began) source.destroy();
  });
  return gate;
}
