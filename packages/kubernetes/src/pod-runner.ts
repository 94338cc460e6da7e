import { randomBytes } from "node:crypto";
import { PassThrough, Readable, Writable } from "node:stream";

import {
  RunError,
  type CommandRunner,
  type OutputSink,
  type RunErrorCode,
  type RunOptions,
  type RunResult,
} from "@cco/exec";

import type { Cluster } from "./api/cluster.js";
import { ApiError } from "./api/errors.js";
import { podExec } from "./api/exec.js";

export interface PodRunnerOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** kubectl with its context and namespace, for a terminal. */
  readonly kubectl: readonly string[];
  /** Throws where the pod, or its node, is not there any more. */
  readonly stillThere: () => Promise<void>;
  /** An error of the API in the words of the port. */
  readonly named: (error: unknown) => unknown;
}

const DEFAULT_MAX_BUFFER = 100 * 1024 * 1024;

/** `run TOKEN CWD NAME=VALUE… PROGRAM ARG…`: `env` tells a program that is not there (127). */
const RUN = `[ -z "$2" ] || cd -- "$2" || exit 126
export CCO_RUN="$1"
shift 2
`;

/** What the program does not read is read after it: the cluster holds the exit code back till then. */
const RUN_FED = `${RUN}env "$@"
code=$?
cat >/dev/null
exit "$code"`;
const RUN_ALONE = `${RUN}exec env "$@"`;

/** `end TOKEN`: everything that was started with this token, until there is none. */
const END = `mark=CCO_RUN=$1
turns=0
while [ "$turns" -lt 40 ]; do
  turns=$((turns + 1))
  found=''
  for file in $(grep -lsaF "$mark" /proc/[0-9]*/environ); do
    process=\${file%/environ}
    found=yes
    kill -KILL "\${process#/proc/}" 2>/dev/null
  done
  [ -n "$found" ] || [ "$turns" -lt 3 ] || exit 0
  sleep 0.05 2>/dev/null || sleep 1
done`;

/** Runs programs in one container of a pod, through the cluster's exec. */
export class PodRunner implements CommandRunner {
  readonly #options: PodRunnerOptions;

  constructor(options: PodRunnerOptions) {
    this.#options = options;
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const token = randomBytes(8).toString("hex");
    const limit = new Limit(argv, options);
    const stdout = new Output(options.stdout, options.maxBuffer, limit);
    const stderr = new Output(options.stderr, options.maxBuffer, limit);
    try {
      const exitCode = await this.#exec(wrapped(token, argv, options), {
        stdin: sourceOf(options.stdin),
        stdout: stdout.sink,
        stderr: stderr.sink,
        signal: limit.signal,
      });
      return {
        exitCode,
        signal: null,
        stdout: stdout.bytes,
        stderr: stderr.bytes.toString("utf8"),
      };
    } catch (error) {
      const failure = limit.failure(error, this.#options);
      // The client's going ends no program.
      if (!(error instanceof ApiError)) await this.#end(token);
      throw failure;
    } finally {
      limit.clear();
    }
  }

  hostArgv(argv: readonly string[], options: { readonly tty?: boolean } = {}): readonly string[] {
    const { kubectl, pod, container } = this.#options;
    const flags = options.tty === true ? ["-it"] : ["-i"];
    return [...kubectl, "exec", ...flags, "--quiet", pod, "-c", container, "--", ...argv];
  }

  #exec(
    argv: readonly string[],
    streams: {
      readonly stdin?: Readable | undefined;
      readonly stdout: Writable;
      readonly stderr: Writable;
      readonly signal: AbortSignal;
    },
  ): Promise<number> {
    const { cluster, namespace, pod, container, stillThere } = this.#options;
    return podExec(cluster, { namespace, pod, container, argv, stillThere, ...streams });
  }

  async #end(token: string): Promise<void> {
    const nothing = (): Writable => new PassThrough().resume();
    await this.#exec(["sh", "-c", END, "end", token], {
      stdout: nothing(),
      stderr: nothing(),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => undefined);
  }
}

function wrapped(token: string, argv: readonly string[], options: RunOptions): readonly string[] {
  const env = Object.entries(options.env ?? {});
  const unset = env.flatMap(([name, value]) => (value === undefined ? ["-u", name] : []));
  const set = env.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const fed = options.stdin !== undefined && options.stdin !== "ignore";
  return [
    "sh",
    "-c",
    fed ? RUN_FED : RUN_ALONE,
    "run",
    token,
    options.cwd ?? "",
    ...unset,
    ...set,
    ...argv,
  ];
}

function sourceOf(stdin: RunOptions["stdin"]): Readable | undefined {
  if (stdin === undefined || stdin === "ignore") return undefined;
  if (stdin === "inherit") throw new TypeError("a pod cannot inherit a stdin: use hostArgv");
  if (stdin instanceof Readable) return stdin;
  return Readable.from([typeof stdin === "string" ? Buffer.from(stdin) : stdin]);
}

/** Why a run was ended before its program ended: the first reason counts. */
class Limit {
  readonly #argv: readonly string[];
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #caller: AbortSignal | undefined;
  readonly #onAbort = (): void => this.stop("COMMAND_ABORTED");
  #code: RunErrorCode | undefined;

  constructor(argv: readonly string[], { timeoutMs, signal }: RunOptions) {
    this.#argv = argv;
    this.#caller = signal;
    if (signal?.aborted === true) this.stop("COMMAND_ABORTED");
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.stop("COMMAND_TIMED_OUT"), timeoutMs);
    }
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(code: RunErrorCode): void {
    this.#code ??= code;
    this.#stop.abort(new Error(code));
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#onAbort);
  }

  failure(cause: unknown, { pod, named }: PodRunnerOptions): unknown {
    const program = this.#argv[0] ?? "";
    if (this.#code !== undefined) {
      const what = WORDS[this.#code] ?? "was ended";
      return new RunError(this.#code, this.#argv, `${program}: ${what}`, { cause });
    }
    // The cluster's answer to the question for a stream.
    if (cause instanceof ApiError && cause.status !== 0) return named(cause);
    const what =
      cause instanceof ApiError
        ? `pod ${pod}: ${cause.message}`
        : `${program}: its input or output broke off`;
    const hint = "nothing is lost; run the same command again";
    return new RunError("COMMAND_STREAM_FAILED", this.#argv, what, { cause, hint });
  }
}

const WORDS: Partial<Record<RunErrorCode, string>> = {
  COMMAND_TIMED_OUT: "timed out",
  COMMAND_ABORTED: "aborted",
  COMMAND_OUTPUT_TOO_LARGE: "printed more than can be kept",
};

/** Where one stream of the program goes. */
class Output {
  readonly sink: Writable;
  readonly #chunks: Buffer[] = [];

  constructor(target: OutputSink | undefined, maxBuffer: number | undefined, limit: Limit) {
    if (target instanceof Writable) {
      this.sink = target;
      return;
    }
    if (target === "inherit") throw new TypeError("a pod cannot inherit an output: use hostArgv");
    const keep = target !== "ignore";
    const max = maxBuffer ?? DEFAULT_MAX_BUFFER;
    let size = 0;
    this.sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        size += chunk.length;
        if (keep && size > max) limit.stop("COMMAND_OUTPUT_TOO_LARGE");
        else if (keep) this.#chunks.push(chunk);
        done();
      },
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
