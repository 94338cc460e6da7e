import type { CommandRunner, RunOptions, RunResult } from "@cco/exec";

import { joinCommands, type TmuxCommand } from "./argv.js";
import { TmuxError, tmuxFailed, tmuxNotRun } from "./errors.js";

export interface TmuxClientOptions {
  /** Name of the server's socket (`-L`). Default `cco`. */
  readonly socketName?: string;
  /** Path of the server's socket (`-S`) instead of a name; may be relative to `cwd`. */
  readonly socketPath?: string;
  /** Working directory of every tmux call. Default: the runner's. */
  readonly cwd?: string;
  /** Configuration of a server that a call starts (`-f`), instead of the user's own. */
  readonly configFile?: string;
  /** Tell tmux that UTF-8 is fine whatever the locale says (`-u`). Default `true`. */
  readonly utf8?: boolean;
  /**
   * Milliseconds a call may take: a server that does not answer (stopped, hung) must not
   * hang every caller. Default 30,000. `waitFor` has no limit.
   */
  readonly answerWithinMs?: number;
  /** Added to the environment of every tmux call. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs tmux for one server and tells its refusals apart. */
export class TmuxServer {
  readonly #runner: CommandRunner;
  readonly #options: TmuxClientOptions;

  constructor(runner: CommandRunner, options: TmuxClientOptions) {
    this.#runner = runner;
    this.#options = options;
  }

  /** `tmux` and the flags that select the server. */
  argv(...args: readonly string[]): string[] {
    const { utf8 = true, socketPath, socketName = "cco", configFile } = this.#options;
    return [
      "tmux",
      ...(utf8 ? ["-u"] : []),
      ...(socketPath === undefined ? ["-L", socketName] : ["-S", socketPath]),
      ...(configFile === undefined ? [] : ["-f", configFile]),
      ...args,
    ];
  }

  /** The argv that does the same from a shell of the host with a terminal. */
  hostArgv(...args: readonly string[]): readonly string[] {
    return this.#runner.hostArgv(this.argv(...args), { tty: true });
  }

  /**
   * One tmux call with one or more commands; its exit code is data.
   *
   * @throws {TmuxError} `TMUX_MISSING`
   * @throws {RunError} no answer, aborted.
   */
  async ask(commands: readonly TmuxCommand[], options: RunOptions = {}): Promise<RunResult> {
    const { cwd, env, answerWithinMs = 30_000 } = this.#options;
    try {
      return await this.#runner.run(this.argv(...joinCommands(commands)), {
        ...(cwd === undefined ? {} : { cwd }),
        ...(env === undefined ? {} : { env }),
        timeoutMs: answerWithinMs,
        ...options,
      });
    } catch (error) {
      throw tmuxNotRun(error);
    }
  }

  /**
   * As `ask`, for calls that must succeed.
   *
   * @returns what tmux printed.
   * @throws {TmuxError} `<subcommand> failed: <what tmux said>`
   */
  async run(commands: readonly TmuxCommand[], options: RunOptions = {}): Promise<Buffer> {
    const result = await this.ask(commands, options);
    if (result.exitCode !== 0) throw tmuxFailed(commands[0]?.[0] ?? "", result);
    return result.stdout;
  }

  /** As `run`, where one of `codes` is the answer `otherwise` and no failure. */
  async runOr<T>(
    commands: readonly TmuxCommand[],
    codes: readonly TmuxError["code"][],
    otherwise: T,
  ): Promise<Buffer | T> {
    try {
      return await this.run(commands);
    } catch (error) {
      if (error instanceof TmuxError && codes.includes(error.code)) return otherwise;
      throw error;
    }
  }
}
