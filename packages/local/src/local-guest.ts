import { randomBytes } from "node:crypto";

import {
  BackendError,
  insideHelper,
  TmuxTerminal,
  type End,
  type Guest,
  type GuestExecOptions,
  type GuestState,
  type Terminal,
} from "@cco/backend";
import { RunError, type CommandRunner, type RunOptions, type RunResult } from "@cco/exec";

import { bwrapArgv, guestPaths } from "./bwrap-argv.js";
import type { GuestRecord } from "./guest-record.js";
import { guestNet, proxyVariables } from "./guest-net.js";
import { END_EXEC } from "./scripts.js";

/** One session's sandbox: every program in it is a bubblewrap of its own over the same folders. */
export class LocalGuest implements Guest {
  readonly id: string;
  readonly paths: Guest["paths"];
  readonly #runner: CommandRunner;
  readonly #record: GuestRecord;
  readonly #terminal: TmuxTerminal;

  constructor(runner: CommandRunner, record: GuestRecord) {
    this.id = record.id;
    this.paths = guestPaths(record.id);
    this.#runner = runner;
    this.#record = record;
    const controlDir = `${record.guestDir}/ctl`;
    this.#terminal = new TmuxTerminal({ runner, id: record.id, controlDir });
  }

  get terminal(): Terminal {
    return this.#terminal;
  }

  async exec(argv: readonly string[], options: GuestExecOptions = {}): Promise<RunResult> {
    const { cwd, env, network, ...run } = options;
    const name = `x${randomBytes(6).toString("hex")}`;
    const program = this.#execArgv(argv, { name, cwd, env, network: network === true });
    const result = await this.#runner
      .run(program, run satisfies RunOptions)
      .catch(async (error: unknown) => {
        if (error instanceof RunError && error.code !== "COMMAND_NOT_FOUND") await this.#end(name);
        throw error;
      });
    if (result.exitCode !== 0 && result.stderr.startsWith("bwrap: ")) {
      throw new BackendError("BACKEND_FAILED", result.stderr.trim());
    }
    return result;
  }

  state(): Promise<GuestState> {
    return this.#terminal.state();
  }

  stop(options?: { graceMs?: number }): Promise<void> {
    return this.#terminal.stop(options);
  }

  ended(options?: { signal?: AbortSignal }): Promise<End> {
    return this.#terminal.ended(options);
  }

  /** What a program that was given up left running. */
  async #end(name: string): Promise<void> {
    const argv = ["sh", "-c", END_EXEC, "end"];
    await this.#runner.run(argv, { stdin: `${name}\n` }).catch(() => undefined);
  }

  #execArgv(
    argv: readonly string[],
    options: {
      name: string;
      cwd: string | undefined;
      env: Readonly<Record<string, string>> | undefined;
      network: boolean;
    },
  ): readonly string[] {
    const record = this.#record;
    const { name } = options;
    const net = options.network ? guestNet(record, name) : undefined;
    const sandbox = bwrapArgv({
      ...record,
      newSession: true,
      env: {
        ...record.env,
        ...(net && proxyVariables(record.network)),
        ...options.env,
        CCO_EXEC: name,
      },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(net === undefined ? {} : { net }),
    });
    // `env` tells a program that is not there (127) from one that failed.
    if (net === undefined) return [...sandbox, "--", "env", ...argv];
    const inside = `${insideHelper(net.inside, "/run")}box_inside || exit 126\nexec env "$@"`;
    const launch = `${record.guestDir}/ctl/launch`;
    const inner = ["sh", "-c", inside, "cco", ...argv];
    return ["sh", launch, "--beside", name, record.id, ...sandbox, "--", ...inner];
  }
}

/** The step after the agent's end: no terminal, no network, ten minutes. */
export function afterArgv(record: GuestRecord, argv: readonly string[]): readonly string[] {
  return [
    ...bwrapArgv({ ...record, newSession: true }),
    "--",
    "timeout",
    "-s",
    "KILL",
    "600",
    ...argv,
  ];
}
