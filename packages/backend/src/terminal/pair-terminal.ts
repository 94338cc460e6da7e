import { anySignal, type CommandRunner } from "@cco/exec";

import { BackendError } from "../errors.js";
import type { End, GuestState, Terminal } from "../port.js";
import { TmuxTerminal } from "./tmux-terminal.js";

/** The control folder of a session in its containers, on a volume that both have. */
export const PAIR_CONTROL = "/cco";

export interface PairTerminalOptions {
  readonly id: string;
  /** Runs programs in the container with the agent and its tmux server, while that is up. */
  readonly agent: CommandRunner;
  /** Runs programs in the container beside it (`keeperScript`), always. */
  readonly keeper: CommandRunner;
  /** How the agent is, as the platform sees it. */
  readonly state: () => Promise<GuestState>;
  /** The order is there: let the agent's container go. Safe to repeat; changes nothing after the end. */
  readonly begin: () => Promise<void>;
  /** Resolves once the platform says that the agent's container has ended. */
  readonly wait: (options: { signal?: AbortSignal | undefined }) => Promise<void>;
  /** KILL to all of the agent's container; the keeper stays. */
  readonly kill: () => Promise<void>;
  /** Milliseconds that a start may take at most. Default 10,000. */
  readonly startMs?: number;
  readonly launchArgv: Terminal["launchArgv"];
  readonly viewArgv: Terminal["viewArgv"];
}

const GRACE_MS = 10_000;
const START_MS = 10_000;

/**
 * The terminal of a session in two containers over the same bytes: the agent's, where its tmux
 * server is, and the keeper's, where all is done that must outlive the agent. A tmux client runs
 * only beside the agent; how the agent is and how it ended is what the platform says.
 */
export class PairTerminal implements Terminal {
  readonly #options: PairTerminalOptions;

  constructor(options: PairTerminalOptions) {
    this.#options = options;
  }

  launchArgv(argv: readonly string[]): readonly string[] {
    return this.#options.launchArgv(argv);
  }

  viewArgv(): readonly string[] {
    return this.#options.viewArgv();
  }

  async start(argv: readonly string[]): Promise<GuestState> {
    const order = ["sh", `${PAIR_CONTROL}/launch`, "--order", this.#options.id, ...argv];
    const result = await this.#options.keeper.run(order);
    if (result.exitCode !== 0) {
      const words = result.stderr.trim() || `exit code ${result.exitCode}`;
      throw new BackendError("START_FAILED", `the agent cannot be ordered to start: ${words}`);
    }
    await this.#options.begin();
    return this.started();
  }

  async started(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<GuestState> {
    const timeoutMs = options.timeoutMs ?? this.#options.startMs ?? START_MS;
    const timeout = AbortSignal.timeout(timeoutMs);
    const stop = new AbortController();
    const signal = anySignal(anySignal(options.signal, timeout), stop.signal);
    const up = this.#far("running").started({ timeoutMs: 2 ** 31 - 1, signal });
    // An agent's container that ends before it says anything ends the wait too.
    const ended = this.#endedBeforeUp(signal);
    try {
      await Promise.race([up, ended]);
    } catch (cause) {
      if (!timeout.aborted || options.signal?.aborted) throw cause;
      const message = `the agent of ${this.#options.id} did not start within ${timeoutMs} ms`;
      throw new BackendError("START_FAILED", message, { cause });
    } finally {
      stop.abort();
      await Promise.allSettled([up, ended]);
    }
    // What the guest says of it is no observation.
    return this.state();
  }

  async send(text: string): Promise<void> {
    const { kind } = await this.state();
    if (kind !== "running") throw this.#notRunning();
    try {
      await this.#beside().send(text);
    } catch (error) {
      if ((await this.state()).kind !== "running") throw this.#notRunning(error);
      throw error;
    }
  }

  async capture(): Promise<string> {
    if ((await this.state()).kind === "running") {
      try {
        return await this.#beside().capture();
      } catch (error) {
        if ((await this.state()).kind === "running") throw error;
      }
    }
    return this.#far("over").capture();
  }

  async log(
    sink: NodeJS.WritableStream,
    options: { follow?: boolean; signal?: AbortSignal } = {},
  ): Promise<void> {
    const running = (await this.state()).kind === "running";
    await this.#far(running ? "running" : "over").log(sink, options);
  }

  async settled(options: { signal?: AbortSignal } = {}): Promise<GuestState> {
    options.signal?.throwIfAborted();
    if ((await this.state()).kind === "running") {
      try {
        await this.#beside().settled(options);
      } catch (error) {
        if ((await this.state()).kind === "running") throw error;
      }
    }
    return this.state();
  }

  state(): Promise<GuestState> {
    return this.#options.state();
  }

  async ended(options: { signal?: AbortSignal } = {}): Promise<End> {
    options.signal?.throwIfAborted();
    const before = await this.state();
    if (before.kind === "running") await this.#options.wait(options);
    const state = before.kind === "running" ? await this.state() : before;
    if (state.kind === "ended") return state.end;
    if (state.kind === "absent") {
      throw new BackendError("BOX_MISSING", `the guest ${this.#options.id} is gone`);
    }
    return {
      exitCode: null,
      signal: null,
      endedBy: "observed",
      reason: "not-started",
      endedAt: null,
    };
  }

  /** TERM to the agent itself, KILL to its container after `graceMs`. Resolves at the end. */
  async stop(options: { graceMs?: number } = {}): Promise<void> {
    if ((await this.state()).kind !== "running") return;
    // One that ends meanwhile is no failure. What runs here is the guest's to change: it gets no more time.
    await this.#options.agent
      .run(["sh", `${PAIR_CONTROL}/launch`, "--term", this.#options.id], { timeoutMs: GRACE_MS })
      .catch(() => undefined);
    const grace = AbortSignal.timeout(options.graceMs ?? GRACE_MS);
    try {
      await this.ended({ signal: grace });
    } catch (error) {
      if (!grace.aborted) throw error;
      await this.#options.kill();
      await this.ended();
    }
  }

  #beside(): TmuxTerminal {
    const { agent: runner, id } = this.#options;
    return new TmuxTerminal({ runner, id, controlDir: PAIR_CONTROL });
  }

  #far(far: "running" | "over"): TmuxTerminal {
    const { keeper: runner, id } = this.#options;
    return new TmuxTerminal({ runner, id, controlDir: PAIR_CONTROL, far });
  }

  async #endedBeforeUp(signal: AbortSignal): Promise<void> {
    await this.#options.wait({ signal });
    await this.#far("over").started({ timeoutMs: START_MS, signal });
  }

  #notRunning(cause?: unknown): BackendError {
    const message = `the agent of ${this.#options.id} is not running`;
    return new BackendError("NOT_RUNNING", message, { cause });
  }
}
