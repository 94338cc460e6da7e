import { spawnSync } from "node:child_process";
import { mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { hermeticEnv, type Env } from "./env.js";
import { makeTempDir } from "./temp-dir.js";

export { hermeticEnv, PERSON, type Env } from "./env.js";
export { makeTempDir } from "./temp-dir.js";

/** Content by path; `null` deletes the file. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

export interface TestRepoOptions {
  /** Folder of the repository, made if missing. Default: `repo` in a new temporary folder. */
  readonly dir?: string;
  /** Environment of every git call. Default: a hermetic one beside the repository. */
  readonly env?: Env;
  /** More arguments of `git init`. */
  readonly initArgs?: readonly string[];
}

/** A real repository on branch `main`, driven synchronously. */
export class TestRepo {
  /** Real path of the worktree. */
  readonly dir: string;
  /** The environment to hand to the code under test. */
  readonly env: Env;

  /** An existing repository or worktree. */
  constructor(dir: string, env: Env) {
    this.dir = realpathSync(dir);
    this.env = env;
  }

  /** `git init -b main`, no commit yet. */
  static init(options: TestRepoOptions = {}): TestRepo {
    const parent = options.dir === undefined || options.env === undefined ? makeTempDir() : "";
    const dir = options.dir ?? join(parent, "repo");
    const env = options.env ?? hermeticEnv(join(parent, "env"));
    mkdirSync(dir, { recursive: true });
    const repo = new TestRepo(dir, env);
    repo.git("init", "-q", "-b", "main", ...(options.initArgs ?? []));
    return repo;
  }

  /** The same with one commit holding `README.md`. */
  static withCommit(options: TestRepoOptions = {}): TestRepo {
    const repo = TestRepo.init(options);
    repo.commit({ "README.md": "# sample\n" }, "first");
    return repo;
  }

  /** Absolute path of a file of the worktree. */
  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  /** Write or delete files; folders are made. */
  write(files: Files): void {
    for (const [name, content] of Object.entries(files)) {
      const path = this.path(name);
      if (content === null) {
        rmSync(path, { recursive: true, force: true });
      } else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
    }
  }

  /** Write `files`, add everything and commit, even if nothing changed. @returns the commit's id */
  commit(files: Files = {}, message = "change"): string {
    this.write(files);
    this.git("add", "-A");
    this.git("commit", "-q", "--allow-empty", "-m", message);
    return this.rev("HEAD");
  }

  /** Full id of a revision. */
  rev(revision: string): string {
    return this.git("rev-parse", "--verify", "--end-of-options", revision);
  }

  /** Run git here. @returns trimmed stdout @throws when it exits other than 0 */
  git(...args: string[]): string {
    return this.gitWith({}, ...args);
  }

  /** Run git here with stdin or more environment. */
  gitWith(options: { input?: string | Uint8Array; env?: Env }, ...args: string[]): string {
    const result = this.tryGit(options, ...args);
    if (result.exitCode !== 0) {
      throw new Error(`git ${args.join(" ")}: exit ${String(result.exitCode)}\n${result.stderr}`);
    }
    return result.stdout.trimEnd();
  }

  /** Run git here; its exit code is data. */
  tryGit(
    options: { input?: string | Uint8Array; env?: Env },
    ...args: string[]
  ): { exitCode: number; stdout: string; stderr: string } {
    const result = spawnSync("git", args, {
      cwd: this.dir,
      env: { ...this.env, ...options.env },
      input: options.input ?? "",
      maxBuffer: 1 << 30,
    });
    if (result.error !== undefined) throw result.error;
    return {
      exitCode: result.status ?? -1,
      stdout: result.stdout.toString("utf8"),
      stderr: result.stderr.toString("utf8"),
    };
  }
}
