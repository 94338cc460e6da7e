import { randomBytes } from "node:crypto";

import {
  BackendError,
  needsNetHelper,
  PairTerminal,
  type End,
  type Guest,
  type GuestExecOptions,
  type GuestState,
  type Terminal,
} from "@cco/backend";
import { type CommandRunner, type RunOptions, type RunResult } from "@cco/exec";

import { ContainerRunner } from "./container-runner.js";
import { netArgv, onlineArgv, type BoxSettings } from "./create-argv.js";
import { NO_SUCH_CONTAINER } from "./engines.js";
import { guestNames, guestPaths, type GuestNames } from "./names.js";
import type { GuestRecord } from "./record.js";
import { BEGIN, SHOW, WAIT } from "./show-script.js";

export interface ContainerGuestOptions {
  readonly runner: CommandRunner;
  readonly settings: BoxSettings;
  readonly record: GuestRecord;
  readonly state: () => Promise<GuestState>;
}

/** One session: the agent's container, and the keeper's, where every other program runs. */
export class ContainerGuest implements Guest {
  readonly id: string;
  readonly paths: Guest["paths"];
  readonly #options: ContainerGuestOptions;
  readonly #names: GuestNames;
  readonly #keeper: ContainerRunner;
  readonly #terminal: PairTerminal;

  constructor(options: ContainerGuestOptions) {
    const { runner, settings, record } = options;
    this.#options = options;
    this.id = record.id;
    this.paths = guestPaths(record.id);
    this.#names = guestNames(settings.box, record.id);
    const shared = { runner, engine: settings.engine };
    this.#keeper = new ContainerRunner({
      ...shared,
      container: this.#names.keeper,
      cwd: this.paths.workspace,
      startable: true,
    });
    this.#terminal = new PairTerminal({
      id: record.id,
      keeper: this.#keeper,
      agent: new ContainerRunner({
        ...shared,
        container: this.#names.agent,
        startable: false,
      }),
      state: options.state,
      begin: () => this.#begin(),
      wait: (wait) => this.#wait(wait),
      kill: () => this.#engine(["kill", this.#names.agent]),
      launchArgv: (argv) => this.#show(argv),
      viewArgv: () => this.#show([]),
    });
  }

  get terminal(): Terminal {
    return this.#terminal;
  }

  async exec(argv: readonly string[], options: GuestExecOptions = {}): Promise<RunResult> {
    const { network, ...rest } = options;
    const online = network === true && needsNetHelper(this.#options.record.network);
    const result = online
      ? await this.#online(argv, rest)
      : await this.#keeper.run(argv, rest satisfies RunOptions);
    if (result.exitCode !== 0 && NO_SUCH_CONTAINER.test(result.stderr)) {
      throw new BackendError("BACKEND_FAILED", result.stderr.trim());
    }
    return result;
  }

  state(): Promise<GuestState> {
    return this.#options.state();
  }

  stop(options?: { graceMs?: number }): Promise<void> {
    return this.#terminal.stop(options);
  }

  ended(options?: { signal?: AbortSignal }): Promise<End> {
    return this.#terminal.ended(options);
  }

  /** A program with the network of the policy, in a container of its own, beside a helper of its own. */
  async #online(argv: readonly string[], options: GuestExecOptions): Promise<RunResult> {
    const { runner, settings, record } = this.#options;
    const { engine } = settings;
    const { cwd = this.paths.workspace, env = {}, ...run } = options;
    const name = `${this.#names.keeper}-${randomBytes(4).toString("hex")}`;
    try {
      await this.#engine(netArgv(settings, record, name).slice(1));
      return await runner.run(onlineArgv(settings, record, { name, cwd, env, argv }), run);
    } finally {
      await runner.run([engine.program, "rm", ...engine.removeFlags, name, `${name}-net`]);
    }
  }

  async #wait(options: { signal?: AbortSignal | undefined }): Promise<void> {
    const { runner, settings } = this.#options;
    const argv = ["sh", "-c", WAIT, "wait", settings.engine.program, this.#names.agent];
    this.#require("wait", await runner.run(argv, options));
  }

  async #begin(): Promise<void> {
    const { runner } = this.#options;
    const script = `${BEGIN}\nbegin "$@"`;
    const argv = ["sh", "-c", script, "begin", ...this.#showArgs()];
    const result = await runner.run(argv);
    if (result.exitCode === 0) return;
    const words = result.stderr.trim() || `exit code ${result.exitCode}`;
    throw new BackendError("START_FAILED", `the agent's container did not start: ${words}`);
  }

  #showArgs(): readonly string[] {
    const { settings, record } = this.#options;
    const { agent, net } = this.#names;
    return [settings.engine.program, agent, needsNetHelper(record.network) ? net : ""];
  }

  #show(argv: readonly string[]): readonly string[] {
    const { runner, settings, record } = this.#options;
    const { engine, box } = settings;
    const net = needsNetHelper(record.network) ? this.#names.net : "";
    const args = [engine.program, engine.detachKeys, `${box}-${record.id}`, record.id, net];
    return runner.hostArgv(["sh", "-c", SHOW, "cco", ...args, ...argv], { tty: true });
  }

  async #engine(args: readonly string[]): Promise<void> {
    const { runner, settings } = this.#options;
    const result = await runner.run([settings.engine.program, ...args]);
    // One that is not running any more is as it should be.
    if (args[0] !== "kill") this.#require(args[0] ?? "", result);
  }

  #require(what: string, result: RunResult): void {
    if (result.exitCode === 0) return;
    const words = result.stderr.trim() || `exit code ${result.exitCode}`;
    const { program } = this.#options.settings.engine;
    throw new BackendError("BACKEND_FAILED", `${program} ${what}: ${words}`);
  }
}
