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
import type { RunOptions, RunResult } from "@cco/exec";

import { ContainerRunner } from "./container-runner.js";
import { netArgv, onlineArgv, type BoxSettings } from "./create-argv.js";
import { saidBy, type EngineClient } from "./engine-client.js";
import { guestNames, guestPaths, type GuestNames } from "./names.js";
import type { GuestRecord } from "./record.js";
import { BEGIN, SHOW, WAIT } from "./show-script.js";

export interface ContainerGuestOptions {
  readonly client: EngineClient;
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
    const { client, settings, record } = options;
    this.#options = options;
    this.id = record.id;
    this.paths = guestPaths(record.id);
    this.#names = guestNames(settings.box, record.id);
    this.#keeper = new ContainerRunner({
      client,
      container: this.#names.keeper,
      cwd: this.paths.workspace,
      startable: true,
    });
    this.#terminal = new PairTerminal({
      id: record.id,
      keeper: this.#keeper,
      agent: new ContainerRunner({
        client,
        container: this.#names.agent,
        startable: false,
      }),
      state: options.state,
      begin: () => this.#begin(),
      wait: (wait) => this.#wait(wait),
      // One that is not running any more is as it should be.
      kill: async () => {
        await client.ask(["kill", this.#names.agent]);
      },
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
    return online ? this.#online(argv, rest) : this.#keeper.run(argv, rest satisfies RunOptions);
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
    const { client, settings, record } = this.#options;
    const { cwd = this.paths.workspace, env = {}, ...run } = options;
    const name = `${this.#names.keeper}-${randomBytes(4).toString("hex")}`;
    try {
      const helper = netArgv(settings, record, name).slice(1);
      await client.run("cannot start the network helper", helper);
      return await client.runner.run(onlineArgv(settings, record, { name, cwd, env, argv }), run);
    } finally {
      await client.ask(["rm", ...client.engine.removeFlags, name, `${name}-net`]);
    }
  }

  async #wait(options: { signal?: AbortSignal | undefined }): Promise<void> {
    const { engine, runner } = this.#options.client;
    const argv = ["sh", "-c", WAIT, "wait", engine.program, this.#names.agent];
    const result = await runner.run(argv, options);
    if (result.exitCode !== 0) {
      throw this.#options.client.failed(`cannot wait for ${this.#names.agent}`, result);
    }
  }

  async #begin(): Promise<void> {
    const { runner } = this.#options.client;
    const script = `${BEGIN}\nbegin "$@"`;
    const argv = ["sh", "-c", script, "begin", ...this.#showArgs()];
    const result = await runner.run(argv);
    if (result.exitCode === 0) return;
    const message = `the agent's container did not start: ${saidBy(result)}`;
    throw new BackendError("START_FAILED", message);
  }

  #showArgs(): readonly string[] {
    const { settings, record } = this.#options;
    const { agent, net } = this.#names;
    return [settings.engine.program, agent, needsNetHelper(record.network) ? net : ""];
  }

  #show(argv: readonly string[]): readonly string[] {
    const { client, settings, record } = this.#options;
    const { engine, box } = settings;
    const net = needsNetHelper(record.network) ? this.#names.net : "";
    const args = [engine.program, engine.detachKeys, `${box}-${record.id}`, record.id, net];
    return client.runner.hostArgv(["sh", "-c", SHOW, "cco", ...args, ...argv], { tty: true });
  }
}
