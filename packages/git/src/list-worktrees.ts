import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { gitFailed, type Git } from "./git.js";
import { operationIn, type Operation } from "./head.js";
import { parseWorktrees, type ListedWorktree } from "./parse-worktrees.js";

export interface Worktree extends ListedWorktree {
  /**
   * What it is in the middle of. While it rebases or bisects a branch, HEAD is detached
   * and `branch` names the branch that is being worked on.
   */
  readonly operation: Operation | null;
}

/** All worktrees, the main one first, by one call of git and a few small files of each. */
export async function listWorktrees(git: Git): Promise<Worktree[]> {
  const args = ["worktree", "list", "--porcelain", "-z"];
  const result = await git.run(args);
  if (result.exitCode !== 0) throw gitFailed(args, result);
  return Promise.all(parseWorktrees(result.stdout).map(withOperation));
}

async function withOperation(worktree: ListedWorktree): Promise<Worktree> {
  if (worktree.bare) return { ...worktree, operation: null };
  const operation = await operationIn(await gitDirOf(worktree.path));
  return {
    ...worktree,
    branch: worktree.branch ?? operation?.branch ?? null,
    operation: operation?.kind ?? null,
  };
}

/** `.git` of a worktree is its git folder, or a file that names it (gitrepository-layout(5)). */
async function gitDirOf(path: string): Promise<string> {
  const dotGit = join(path, ".git");
  try {
    const target = /^gitdir: (.*?)\n?$/s.exec(await readFile(dotGit, "utf8"))?.[1];
    return target === undefined ? dotGit : resolve(path, target);
  } catch (error) {
    // A folder; or nothing, where `path` is itself the git folder or is gone.
    return (error as NodeJS.ErrnoException).code === "EISDIR" ? dotGit : path;
  }
}
