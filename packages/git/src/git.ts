import { RunError, type CommandRunner, type RunOptions, type RunResult } from "@cco/exec";

import { GitError } from "./errors.js";

export interface GitOptions {
  /** Folder git runs in. */
  readonly dir: string;
  /** Added to the environment of every call. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `-c key=value` of every call. */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * Variables that would point git elsewhere than `dir`, or give a path another meaning: a
 * hook or an alias of the caller sets them.
 */
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
  "GIT_GRAFT_FILE",
  "GIT_REPLACE_REF_BASE",
  "GIT_QUARANTINE_PATH",
  "GIT_CONFIG",
  "GIT_ATTR_SOURCE",
  "GIT_LITERAL_PATHSPECS",
  "GIT_GLOB_PATHSPECS",
  "GIT_NOGLOB_PATHSPECS",
  "GIT_ICASE_PATHSPECS",
];

/**
 * Configuration of every call in a person's repository. Hooks and the file monitor are
 * programs that the repository's own configuration may point at a file of the worktree,
 * which a guest may have written.
 */
export const GUARDED_CONFIG: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "gc.auto": "0",
  "maintenance.auto": "false",
};

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

  /**
   * Run `git <args>`; exit codes are data.
   *
   * @throws {GitError} `GIT_MISSING`, or `NOT_A_REPOSITORY` where the folder itself is gone.
   * @throws {RunError} it gave no exit code for another reason.
   */
  async run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const config = Object.entries(this.#options.config ?? {}).flatMap(([key, value]) => [
      "-c",
      `${key}=${value}`,
    ]);
    try {
      return await this.#spawn([...config, ...args], options);
    } catch (error) {
      if (!(error instanceof RunError) || error.code !== "COMMAND_NOT_FOUND") throw error;
      throw (await this.#isInstalled())
        ? new GitError("NOT_A_REPOSITORY", `no such folder: ${options.cwd ?? this.dir}`, {
            hint: "if the repository is elsewhere now, name it with --repo",
          })
        : gitMissing(error);
    }
  }

  async #isInstalled(): Promise<boolean> {
    return this.#runner.run(["git", "version"], { cwd: "/" }).then(
      () => true,
      () => false,
    );
  }

  #spawn(args: readonly string[], options: RunOptions): Promise<RunResult> {
    return this.#runner.run(["git", ...args], {
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

function gitMissing(cause: unknown): GitError {
  return new GitError("GIT_MISSING", "git is not installed", {
    hint: "install git 2.38 or newer, for example: apt-get install git",
    cause,
  });
}
