import type { CommandRunner, RunOptions, RunResult } from "@cco/exec";

import { GitError } from "./errors.js";

export interface GitOptions {
  /** Folder git runs in. */
  readonly dir: string;
  /** Added to the environment of every call. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `-c key=value` of every call. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Variables that would point git elsewhere than `dir`: a hook or an alias of the caller sets them. */
const REPOSITORY_VARIABLES = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
  "GIT_SHALLOW_FILE",
];

/** Runs git in one folder. No call asks a question, opens an editor or starts maintenance. */
export class Git {
  readonly dir: string;
  readonly #runner: CommandRunner;
  readonly #options: GitOptions;

  constructor(runner: CommandRunner, options: GitOptions) {
    this.#runner = runner;
    this.#options = options;
    this.dir = options.dir;
  }

  /** The same repository with more environment or configuration. */
  with(more: Partial<GitOptions>): Git {
    return new Git(this.#runner, {
      dir: more.dir ?? this.#options.dir,
      env: { ...this.#options.env, ...more.env },
      config: { ...this.#options.config, ...more.config },
    });
  }

  /** Run `git <args>`; exit codes are data. */
  run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const config = Object.entries(this.#options.config ?? {}).flatMap(([key, value]) => [
      "-c",
      `${key}=${value}`,
    ]);
    return this.#runner.run(["git", ...config, ...args], {
      cwd: this.dir,
      ...options,
      env: {
        ...Object.fromEntries(REPOSITORY_VARIABLES.map((name) => [name, undefined])),
        // stderr is shown and sometimes matched.
        LC_ALL: "C",
        GIT_TERMINAL_PROMPT: "0",
        GIT_OPTIONAL_LOCKS: "0",
        ...this.#options.env,
        ...options.env,
      },
    });
  }

  /**
   * Run `git <args>` and return its trimmed stdout.
   *
   * @throws {GitError} `GIT_FAILED`: it exited other than 0.
   */
  async text(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(args, options);
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return result.stdout.toString("utf8").replace(/\n$/, "");
  }
}

/** The error for a git call that failed: the subcommand and git's own words. */
export function gitFailed(args: readonly string[], result: RunResult): GitError {
  const reason = result.stderr.trim() || `exit code ${String(result.exitCode)}`;
  return new GitError("GIT_FAILED", `git ${args[0] ?? ""} failed: ${reason}`);
}
