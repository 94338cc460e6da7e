export interface CcoErrorOptions {
  /** What the person can do next, ideally a command to type. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Base of every error the packages throw on purpose.
 *
 * `code` is a literal that scripts can rely on, `message` says what happened and
 * names the thing, `hint` is the next step. Anything thrown that is not a
 * `CcoError` is a defect.
 */
export class CcoError<Code extends string = string> extends Error {
  override readonly name: string = "CcoError";
  readonly code: Code;
  readonly hint: string | undefined;

  constructor(code: Code, message: string, options: CcoErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

export type RunErrorCode =
  /** The program is not there, or the working directory is not. */
  | "COMMAND_NOT_FOUND"
  | "COMMAND_NOT_STARTED"
  | "COMMAND_TIMED_OUT"
  | "COMMAND_ABORTED"
  | "COMMAND_OUTPUT_TOO_LARGE"
  /** The connection to where it ran broke. It may have run, and may go on. */
  | "CONNECTION_LOST"
  /** A stream that fed or drained the program failed. */
  | "COMMAND_STREAM_FAILED";

/** A program gave no exit code. `argv[0]` is in the message, arguments are not: they may be private. */
export class RunError extends CcoError<RunErrorCode> {
  override readonly name = "RunError";
  readonly argv: readonly string[];

  constructor(
    code: RunErrorCode,
    argv: readonly string[],
    message: string,
    options: CcoErrorOptions = {},
  ) {
    super(code, message, options);
    this.argv = argv;
  }
}
