import { basename } from "node:path";

import type { CommandRunner } from "@cco/exec";

import { GitError } from "./errors.js";
import { Git, GUARDED_CONFIG } from "./git.js";
import { operationIn, readHead, type Head, type Operation } from "./head.js";
import { locate, locateAny, type Location } from "./locate.js";
import { requireVersion } from "./version.js";

export interface OpenOptions {
  /** Ask git for its version too, at the same time. Default `true`. */
  readonly checkVersion?: boolean;
}

/** One worktree of a repository and the folders around it. All paths are absolute and real. */
export class Repo {
  /** Top of the worktree. */
  readonly root: string;
  /**
   * The main worktree; for a bare repository with linked worktrees the repository's
   * folder (the one that holds it where it is named `.git` or `.bare`). A git folder made
   * elsewhere (`--separate-git-dir`) does not know its worktree: there, seen from a linked
   * one, it is that git folder.
   */
  readonly main: string;
  /** This worktree's git folder. */
  readonly gitDir: string;
  /** The git folder that all worktrees share. */
  readonly commonDir: string;
  /** Folder name of {@link main}, without `.git`. */
  readonly name: string;
  /** git in {@link root}: hooks, file monitor and background maintenance off. */
  readonly git: Git;
  readonly #runner: CommandRunner;

  private constructor(runner: CommandRunner, location: Location) {
    this.#runner = runner;
    this.root = location.root;
    this.main = location.main;
    this.gitDir = location.gitDir;
    this.commonDir = location.commonDir;
    this.name = basename(location.main).replace(/(?<=.)\.git$/, "");
    this.git = new Git(runner, { dir: location.root, config: GUARDED_CONFIG });
  }

  /**
   * The repository that `dir` is in, by one call of git (two with the version).
   *
   * @throws {GitError} `NOT_A_REPOSITORY`, `BARE_REPOSITORY`, `GIT_MISSING`, `GIT_TOO_OLD`.
   */
  static async open(runner: CommandRunner, dir: string, options: OpenOptions = {}): Promise<Repo> {
    const git = new Git(runner, { dir, config: GUARDED_CONFIG });
    const [location] = await Promise.all([
      locate(git),
      (options.checkVersion ?? true) ? requireVersion(git) : undefined,
    ]);
    return new Repo(runner, location);
  }

  /**
   * The repository whose {@link main} is `dir`, for work on refs and objects: one without a
   * worktree there opens too, and its {@link root} is its git folder.
   *
   * @throws {GitError} as {@link open}, without `BARE_REPOSITORY`.
   */
  static async openMain(
    runner: CommandRunner,
    dir: string,
    options: OpenOptions = {},
  ): Promise<Repo> {
    const git = new Git(runner, { dir, config: GUARDED_CONFIG });
    if (options.checkVersion ?? true) await requireVersion(git);
    try {
      return new Repo(runner, await locateAny(git));
    } catch (error) {
      // The folder around a bare repository, with no `.git` that leads there.
      const inner = new Git(runner, { dir: `${dir}/.bare`, config: GUARDED_CONFIG });
      const location = await locateAny(inner).catch(() => undefined);
      if (location === undefined) throw error;
      return new Repo(runner, location);
    }
  }

  /** Another worktree of the same repository. @throws {GitError} as {@link open} */
  async worktree(path: string): Promise<Repo> {
    const other = await Repo.open(this.#runner, path, { checkVersion: false });
    if (other.commonDir !== this.commonDir) {
      throw new GitError("NOT_A_REPOSITORY", `not a worktree of ${this.name}: ${path}`);
    }
    return other;
  }

  /** What HEAD of this worktree is. */
  head(): Promise<Head> {
    return readHead(this.git);
  }

  /** The rebase, merge or the like this worktree is in the middle of. */
  async operationInProgress(): Promise<Operation | null> {
    return (await operationIn(this.gitDir))?.kind ?? null;
  }
}
