import { existsSync } from "node:fs";
import { constants } from "node:os";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Options } from "execa";

import { RunError, type RunErrorCode } from "./errors.js";
import type { CommandRunner, OutputSink, RunOptions, RunResult } from "./runner.js";

const DEFAULT_MAX_BUFFER = 100 * 1024 * 1024;
const FORCE_KILL_AFTER_MS = 5_000;

export interface ExecaRunnerOptions {
  /** Environment of every program. Default: this process's, read at each run. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Working directory of every program. Default: this process's, or `/` once that is gone. */
  readonly cwd?: string;
}

/** Runs programs on this machine, through execa. */
export class ExecaRunner implements CommandRunner {
  readonly #defaults: ExecaRunnerOptions;

  constructor(options: ExecaRunnerOptions = {}) {
    this.#defaults = options;
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const [file, ...args] = argv;
    if (file === undefined) throw new TypeError("argv is empty");
    if (options.signal?.aborted) throw runError("COMMAND_ABORTED", argv);

    // Loaded by the first run: a program that only wants the types and errors starts faster.
    const { execa } = await import("execa");
    const child = execa(file, args, this.#execaOptions(options));
    // Whatever it started may hold the pipes open for ever: nobody waits for that output.
    child.once("exit", () => {
      if (options.signal?.aborted || child.killed) {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }
    });
    // A program may end without reading all its input: its exit code tells, not EPIPE here.
    const feeding = feed(child.stdin, options.stdin);
    const draining = [drain(child.stdout, options.stdout), drain(child.stderr, options.stderr)];
    // Without these, a stream that fails first would be an unhandled rejection.
    feeding.catch((error: unknown) => child.kill(asError(error)));
    for (const drained of draining) drained.catch((error: unknown) => child.kill(asError(error)));

    const result = await child;
    const streams = await Promise.allSettled([feeding, ...draining]);

    const failure = failureOf(result);
    if (failure !== undefined) throw runError(failure, argv, result.cause ?? result);
    for (const stream of streams) {
      if (stream.status === "rejected") {
        throw runError("COMMAND_STREAM_FAILED", argv, stream.reason);
      }
    }
    return {
      exitCode: result.exitCode ?? 128 + signalNumber(result.signal),
      signal: result.signal ?? null,
      stdout: toBuffer(result.stdout),
      stderr: toBuffer(result.stderr).toString("utf8"),
    };
  }

  hostArgv(argv: readonly string[]): readonly string[] {
    return [...argv];
  }

  #execaOptions(options: RunOptions) {
    const env = { ...(this.#defaults.env ?? process.env), ...options.env };
    const cwd = options.cwd ?? this.#defaults.cwd ?? folderToRunIn();
    return {
      reject: false,
      encoding: "buffer",
      stripFinalNewline: false,
      extendEnv: false,
      env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
      ...(cwd === undefined ? {} : { cwd }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      ...(options.detached === true ? { detached: true, cleanup: false } : {}),
      forceKillAfterDelay: FORCE_KILL_AFTER_MS,
      maxBuffer: options.maxBuffer ?? DEFAULT_MAX_BUFFER,
      stdin: isDirect(options.stdin) ? (options.stdin ?? "ignore") : "pipe",
      stdout: stdio(options.stdout),
      stderr: stdio(options.stderr),
      buffer: {
        stdout: (options.stdout ?? "buffer") === "buffer",
        stderr: (options.stderr ?? "buffer") === "buffer",
      },
    } as const satisfies Options;
  }
}

/** This process's folder may be removed while it runs, also by what it does itself. */
function folderToRunIn(): string | undefined {
  try {
    // Node remembers what it was told first.
    return existsSync(process.cwd()) ? undefined : "/";
  } catch {
    return "/";
  }
}

function isDirect(stdin: RunOptions["stdin"]): stdin is "ignore" | "inherit" | undefined {
  return stdin === undefined || stdin === "ignore" || stdin === "inherit";
}

function stdio(sink: OutputSink | undefined): "pipe" | "ignore" | "inherit" {
  return sink === "ignore" || sink === "inherit" ? sink : "pipe";
}

async function feed(target: Writable | null, stdin: RunOptions["stdin"]): Promise<void> {
  if (target === null || isDirect(stdin)) return;
  const source =
    stdin instanceof Readable
      ? stdin
      : Readable.from([typeof stdin === "string" ? Buffer.from(stdin) : stdin]);
  try {
    await pipeline(source, target);
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
  }
}

async function drain(source: Readable | null, sink: OutputSink | undefined): Promise<void> {
  if (source === null || sink === undefined || typeof sink === "string") return;
  await pipeline(source, sink);
}

function isClosedPipe(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ECONNRESET";
}

interface Ended {
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

function failureOf(result: Ended): RunErrorCode | undefined {
  if (result.timedOut) return "COMMAND_TIMED_OUT";
  if (result.isCanceled) return "COMMAND_ABORTED";
  if (result.isMaxBuffer) return "COMMAND_OUTPUT_TOO_LARGE";
  if (result.code === "ENOENT" || result.code === "ENOTDIR") return "COMMAND_NOT_FOUND";
  if (result.exitCode === undefined && result.signal === undefined) return "COMMAND_NOT_STARTED";
  return undefined;
}

const MESSAGES: Record<RunErrorCode, (file: string) => string> = {
  COMMAND_NOT_FOUND: (file) => `${file}: command not found`,
  COMMAND_NOT_STARTED: (file) => `${file}: could not be started`,
  COMMAND_TIMED_OUT: (file) => `${file}: timed out`,
  COMMAND_ABORTED: (file) => `${file}: aborted`,
  COMMAND_OUTPUT_TOO_LARGE: (file) => `${file}: printed more than can be kept`,
  COMMAND_STREAM_FAILED: (file) => `${file}: its input or output broke off`,
  CONNECTION_LOST: (file) => `${file}: the connection to where it runs broke`,
};

function runError(code: RunErrorCode, argv: readonly string[], cause?: unknown): RunError {
  return new RunError(code, argv, MESSAGES[code](argv[0] ?? ""), { cause });
}

function signalNumber(signal: string | undefined): number {
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  return numbers[signal ?? ""] ?? 0;
}

function toBuffer(output: unknown): Buffer {
  return output instanceof Uint8Array ? Buffer.from(output) : Buffer.alloc(0);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
