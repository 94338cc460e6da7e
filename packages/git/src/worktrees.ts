import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { Branches } from "./branches.js";
import { GitError } from "./errors.js";
import { gitFailed, type Git } from "./git.js";
import { listWorktrees, type Worktree } from "./list-worktrees.js";
import { parseStatus, type WorktreeStatus } from "./parse-status.js";
import type { Repo } from "./repo.js";

export interface AddWorktreeOptions {
  /** Absolute; missing or an empty folder. */
  readonly path: string;
  readonly branch: string;
  /**
   * Where the branch comes from:
   * - `existing`: it is there.
   * - `remote`: make it from `<remote>/<branch>`, tracking it.
   * - `new`: make it at `from`, tracking nothing.
   */
  readonly source:
    | { readonly kind: "existing" }
    | { readonly kind: "remote"; readonly remote: string }
    | { readonly kind: "new"; readonly from: string };
  readonly signal?: AbortSignal;
}

export interface RemoveWorktreeOptions {
  /** Even if uncommitted or untracked files are lost. Ignored files are always lost. Default `false`. */
  readonly force?: boolean;
}

/** Worktrees of one repository. Nothing is cached. */
export class Worktrees {
  readonly #repo: Repo;
  readonly #git: Git;
  readonly #branches: Branches;

  constructor(repo: Repo) {
    this.#repo = repo;
    this.#git = repo.git;
    this.#branches = new Branches(repo.git);
  }

  /** All worktrees, the main one first. */
  async list(): Promise<Worktree[]> {
    const [main, ...linked] = await listWorktrees(this.#git);
    if (main === undefined || main.bare) return main === undefined ? linked : [main, ...linked];
    // git prints the git folder where that is not in the worktree (a submodule's).
    return [{ ...main, path: this.#repo.main }, ...linked];
  }

  /** The worktree that has `branch` checked out, or is rebasing or bisecting it; else `null`. */
  async forBranch(branch: string): Promise<Worktree | null> {
    return (await this.list()).find((worktree) => worktree.branch === branch) ?? null;
  }

  /**
   * Make a worktree. The repository's hooks do not run; filters of the person's own
   * configuration (LFS) do. A branch made for it is removed again if that fails.
   *
   * @throws {GitError} `BRANCH_NAME_INVALID`, `BRANCH_EXISTS`, `BRANCH_NOT_FOUND`,
   *   `BRANCH_CHECKED_OUT`, `WORKTREE_EXISTS`
   */
  async add(options: AddWorktreeOptions): Promise<void> {
    const { path, branch, source } = options;
    await this.#checkAdd(options);
    const make = source.kind === "existing" ? [] : [TRACK[source.kind], "-b", branch];
    const args = ["worktree", "add", "-q", ...make, "--", path, startOf(branch, source)];
    const before = source.kind === "existing" ? null : "made here";
    let result;
    try {
      result = await this.#git.run(args, { signal: options.signal });
    } catch (error) {
      if (before !== null) await this.#dropNewBranch(branch);
      throw error;
    }
    if (result.exitCode === 0) return;
    if (before === null) throw gitFailed(args, result);
    await this.#dropNewBranch(branch);
    throw (await this.#branches.inTheWayOf(branch)) ?? gitFailed(args, result);
  }

  /**
   * Remove a worktree's folder and its registration; its branch stays. One whose folder
   * is already gone is only unregistered.
   *
   * @throws {GitError} `WORKTREE_DIRTY`
   */
  async remove(path: string, options: RemoveWorktreeOptions = {}): Promise<void> {
    const force = options.force ?? false;
    const args = ["worktree", "remove", ...(force ? ["--force"] : []), "--", path];
    const result = await this.#git.run(args);
    if (result.exitCode === 0) return;
    const status = force ? null : await this.status(path).catch(() => null);
    if (status?.dirty !== true) throw gitFailed(args, result);
    const count = status.modified + status.untracked;
    throw new GitError(
      "WORKTREE_DIRTY",
      `${path} has ${String(count)} uncommitted or untracked ${count === 1 ? "file" : "files"}`,
      { hint: "commit them, or use --force to lose them" },
    );
  }

  /** Forget worktrees whose folder is gone. */
  async prune(): Promise<void> {
    await this.#git.text(["worktree", "prune"]);
  }

  /** What is uncommitted in the worktree at `path` (default: the repository's own). */
  async status(path: string = this.#repo.root): Promise<WorktreeStatus> {
    const args = [
      "status",
      "--porcelain=v2",
      "-z",
      "--untracked-files=normal",
      "--ignore-submodules=none",
      "--no-renames",
    ];
    const result = await this.#git.run(args, { cwd: path });
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return parseStatus(result.stdout);
  }

  async #checkAdd({ path, branch, source }: AddWorktreeOptions): Promise<void> {
    await this.#branches.requireValidName(branch);
    const exists = await this.#branches.exists(branch);
    if (source.kind === "existing" && !exists) {
      throw new GitError("BRANCH_NOT_FOUND", `no such branch: ${branch}`);
    }
    if (source.kind !== "existing" && exists) {
      throw new GitError("BRANCH_EXISTS", `branch already exists: ${branch}`);
    }
    const worktrees = await this.list();
    const holder = worktrees.find((one) => one.branch === branch && one.prunable === null);
    if (holder !== undefined) {
      throw new GitError("BRANCH_CHECKED_OUT", `${branch} is checked out in ${holder.path}`);
    }
    if (!(await isFree(path))) {
      throw new GitError("WORKTREE_EXISTS", `already exists and is not empty: ${path}`);
    }
    // A registration whose folder is gone would stand in the way of the branch or the path.
    for (const gone of worktrees.filter((one) => one.prunable !== null && one.locked === null)) {
      if (gone.branch === branch || gone.path === path) await this.remove(gone.path);
    }
  }

  async #dropNewBranch(branch: string): Promise<void> {
    await this.#branches.delete(branch, { force: true }).catch(() => undefined);
  }
}

const TRACK = { remote: "--track", new: "--no-track" } as const;

function startOf(branch: string, source: AddWorktreeOptions["source"]): string {
  if (source.kind === "existing") return branch;
  return source.kind === "remote" ? `refs/remotes/${source.remote}/${branch}` : source.from;
}

async function isFree(path: string): Promise<boolean> {
  try {
    return (await readdir(join(path))).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
