import type { Readable, Writable } from "node:stream";

/**
 * What a program reads: nothing (`"ignore"`), the caller's own stdin (`"inherit"`), text or bytes,
 * or a stream. Text of a person or a guest goes as bytes: it could be one of the two words.
 */
export type StdinSource = string | Uint8Array | Readable;

/** Where a program's output goes: collected, thrown away, to the caller's own stream, or to a writable. */
export type OutputSink = "buffer" | "ignore" | "inherit" | Writable;

export interface RunOptions {
  /** Working directory in the place where the program runs. Default: the runner's. */
  readonly cwd?: string | undefined;
  /** Variables added to the place's environment; `undefined` removes one. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default `"ignore"`. */
  readonly stdin?: StdinSource | undefined;
  /** Default `"buffer"`. A writable is ended when the program's output ends. */
  readonly stdout?: OutputSink | undefined;
  /** Default `"buffer"`. */
  readonly stderr?: OutputSink | undefined;
  /** Milliseconds until TERM, and KILL 5 s later. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Aborting ends the program as a timeout does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The program is in a process group of its own and is not ended with this one: a Ctrl-C
   * in the terminal does not reach it. Default false. Places elsewhere may ignore it.
   */
  readonly detached?: boolean | undefined;
  /** Most bytes of a collected stream. Default 100 MiB. */
  readonly maxBuffer?: number | undefined;
}

export interface RunResult {
  /** 0 to 255; 128 + number when a signal ended the program. */
  readonly exitCode: number;
  /** The signal that ended the program (`"SIGKILL"`), where the runner can see one, else `null`. */
  readonly signal: string | null;
  /** Collected stdout; empty when it went elsewhere. */
  readonly stdout: Buffer;
  /** Collected stderr as UTF-8; empty when it went elsewhere. */
  readonly stderr: string;
}

/**
 * Runs programs in one place: this machine, a VM, a machine reached by ssh.
 *
 * The one seam of the project: clients take a runner, tests give a fake one.
 */
export interface CommandRunner {
  /**
   * Run `argv` (never a shell string) to its end.
   *
   * Resolves whenever the program ended, whatever its exit code.
   *
   * @throws {RunError} there is no exit code: not found, timed out, aborted,
   *   more output than `maxBuffer`.
   */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;

  /**
   * The argv that does the same from a shell of the host: `argv` itself here,
   * `limactl shell …` or `ssh …` for another place.
   *
   * @param options.tty the program wants a terminal.
   */
  hostArgv(argv: readonly string[], options?: { readonly tty?: boolean }): readonly string[];
}
