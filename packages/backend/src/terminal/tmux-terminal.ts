import { PassThrough } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { stripVTControlCharacters } from "node:util";

import {
  anySignal,
  RunError,
  type CommandRunner,
  type RunOptions,
  type RunResult,
} from "@cco/exec";

import { BackendError } from "../errors.js";
import { checkedGuestId } from "../guest-id.js";
import type { End, GuestState, Terminal } from "../port.js";
import { parseStates } from "./state.js";

export interface TmuxTerminalOptions {
  /** Runs programs where the control folder is: a place's runner, or a guest's `exec`. */
  readonly runner: CommandRunner;
  readonly id: string;
  /**
   * Absolute path of the session's control folder (0700), with `launch` (`launchScript`),
   * `box.sh` and an empty `waiters/`. `box.sh` is read by a POSIX shell and defines
   * `box_agent`, which execs the sandbox with the agent's argv (its status reports to descriptor
   * 3, `insideScript` with descriptor 9 in it), and may define `box_after` and `box_helper`.
   */
  readonly controlDir: string;
  /** Default `observed`; `claimed` where the guest can write the control folder. */
  readonly endedBy?: End["endedBy"];
  /**
   * The runner is not where the agent's processes are, only over the same control folder; the agent's
   * own container is known to be running, or over.
   */
  readonly far?: "running" | "over";
}

/** A viewer far away, or in a machine under load, may take this long to start the agent. */
const START_MS = 60_000;
const GRACE_MS = 10_000;
/** Time in which `launch --term` says its word; one that never comes up is killed without it. */
const TERM_MS = 10_000;
/** `launch --send` on a session that does not run. */
const NOT_RUNNING = 3;

/** A session's terminal: a tmux server of its own, whose one process is the agent's supervisor. */
export class TmuxTerminal implements Terminal {
  readonly #options: TmuxTerminalOptions;
  readonly #launch: readonly string[];

  constructor(options: TmuxTerminalOptions) {
    checkedGuestId(options.id);
    this.#options = options;
    const far = options.far === undefined ? [] : ["--far", options.far];
    this.#launch = ["sh", `${options.controlDir}/launch`, ...far];
  }

  launchArgv(argv: readonly string[]): readonly string[] {
    return this.#hostArgv([...this.#launch, this.#options.id, ...argv]);
  }

  viewArgv(): readonly string[] {
    return this.#hostArgv(this.#argv("--view"));
  }

  async start(argv: readonly string[]): Promise<GuestState> {
    const result = await this.#run(this.#argv("--detach", [], argv));
    return this.#up(this.#stateIn(result));
  }

  async started(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<GuestState> {
    const timeoutMs = options.timeoutMs ?? START_MS;
    const timeout = AbortSignal.timeout(timeoutMs);
    const state = await this.#launched(anySignal(options.signal, timeout)).catch(
      (cause: unknown) => {
        if (!timeout.aborted || options.signal?.aborted) throw cause;
        const message = `the agent of ${this.#options.id} did not start within ${timeoutMs} ms`;
        throw new BackendError("START_FAILED", message, { cause });
      },
    );
    return this.#up(state);
  }

  async settled(options: { signal?: AbortSignal } = {}): Promise<GuestState> {
    return this.#stateIn(
      await this.#run(this.#argv("--await", ["turn"]), { signal: options.signal }),
    );
  }

  async send(text: string): Promise<void> {
    const result = await this.#runner.run(this.#argv("--send"), { stdin: pasteable(text) });
    if (result.exitCode === NOT_RUNNING) throw this.#notRunning();
    if (result.exitCode !== 0) throw this.#failed("send", result);
  }

  async capture(): Promise<string> {
    const result = await this.#run(this.#argv("--capture"));
    return stripVTControlCharacters(result.stdout.toString("utf8"));
  }

  async log(
    sink: NodeJS.WritableStream,
    options: { follow?: boolean; signal?: AbortSignal } = {},
  ): Promise<void> {
    let sent = 0;
    const send = async (from: string, signal: AbortSignal | undefined): Promise<void> => {
      const counter = new PassThrough();
      counter.on("data", (chunk: Buffer) => (sent += chunk.length));
      // A slow sink takes the last of it after the program has ended.
      const passed = pipeline(counter, sink, { end: false });
      passed.catch(() => undefined);
      try {
        await this.#run(this.#argv("--log", [from]), { stdout: counter, signal });
        await passed;
      } finally {
        counter.destroy();
      }
    };
    if (options.follow === true) await send("--follow", options.signal);
    // What came between the last look of the one that followed and the end.
    await send(String(sent), options.signal);
    sink.end();
    await finished(sink);
  }

  /** How the session is, without waiting. */
  async state(): Promise<GuestState> {
    // Without its control folder there is no session, and no script to ask.
    const ask = '[ ! -d "$2" ] || exec sh "$2/launch" --state "$1" "$2"';
    const argv = ["sh", "-c", ask, "state", this.#options.id, this.#options.controlDir];
    return this.#stateIn(await this.#run(argv));
  }

  /** Resolves at the agent's end; at once where it has ended or never started. */
  async ended(options: { signal?: AbortSignal } = {}): Promise<End> {
    const result = await this.#run(this.#argv("--await", ["end"]), { signal: options.signal });
    const state = this.#stateIn(result);
    if (state.kind === "ended") return state.end;
    return {
      exitCode: null,
      signal: null,
      endedBy: this.#options.endedBy ?? "observed",
      reason: "not-started",
      endedAt: null,
    };
  }

  /** TERM to the agent itself, KILL to all of its sandbox after `graceMs`. Resolves at the end. */
  async stop(options: { graceMs?: number } = {}): Promise<void> {
    await this.#run(this.#argv("--term"), { timeoutMs: TERM_MS }).catch((error: unknown) => {
      if (!(error instanceof RunError) || error.code !== "COMMAND_TIMED_OUT") throw error;
    });
    const grace = AbortSignal.timeout(options.graceMs ?? GRACE_MS);
    try {
      await this.ended({ signal: grace });
    } catch (error) {
      if (!grace.aborted) throw error;
      await this.#run(this.#argv("--kill"));
      await this.ended();
    }
  }

  get #runner(): CommandRunner {
    return this.#options.runner;
  }

  #argv(
    mode: string,
    what: readonly string[] = [],
    more: readonly string[] = [],
  ): readonly string[] {
    return [...this.#launch, mode, ...what, this.#options.id, ...more];
  }

  #hostArgv(argv: readonly string[]): readonly string[] {
    return this.#runner.hostArgv(argv, { tty: true });
  }

  async #run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const result = await this.#runner.run(argv, options);
    if (result.exitCode !== 0) throw this.#failed(argv[2] ?? "", result);
    return result;
  }

  #stateIn(result: RunResult): GuestState {
    const states = [...parseStates(result.stdout.toString("utf8"), this.#options.endedBy).values()];
    return states[0] ?? { kind: "absent" };
  }

  async #launched(signal: AbortSignal): Promise<GuestState> {
    return this.#stateIn(await this.#run(this.#argv("--await", ["up"]), { signal }));
  }

  /** @throws {BackendError} `START_FAILED` with what the terminal shows: it is not up. */
  async #up(state: GuestState): Promise<GuestState> {
    if (state.kind === "running") return state;
    if (state.kind === "ended" && state.end.reason !== "not-started") return state;
    const words = (await this.capture()).trim();
    throw new BackendError(
      "START_FAILED",
      `the agent of ${this.#options.id} did not start${words === "" ? "" : `: ${words}`}`,
    );
  }

  #notRunning(): BackendError {
    return new BackendError("NOT_RUNNING", `the agent of ${this.#options.id} is not running`);
  }

  #failed(what: string, result: RunResult): BackendError {
    const words = result.stderr.trim() || `exit code ${result.exitCode}`;
    const message = `terminal of ${this.#options.id} (${what}): ${words}`;
    return new BackendError("BACKEND_FAILED", message);
  }
}

/** Text that cannot end the paste early: no control characters but newline and tab. */
function pasteable(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g, "");
}
