import { Branches, Worktrees, type Branch, type Repo } from "@cco/git";

import { isMerged } from "./base.js";
import { ownFolder } from "./files.js";
import { isWithin } from "./paths.js";
import type { Shared } from "./shared.js";

/** See {@link Workspaces.merged}. */
export async function mergedBranches({ paths }: Shared, repo: Repo): Promise<string[]> {
  const [worktrees, branches, folder] = await Promise.all([
    new Worktrees(repo).list(),
    new Branches(repo.git).list(),
    ownFolder(paths.worktrees),
  ]);
  const merged: string[] = [];
  for (const worktree of worktrees) {
    if (folder === null || !isWithin(folder, worktree.path)) continue;
    const branch = branches.find((one) => one.name === worktree.branch);
    if (branch === undefined || !(await wasUsed(repo, branch))) continue;
    if (await isMerged(repo, branch, worktrees)) merged.push(branch.name);
  }
  return merged;
}

/** A branch that only was made has nothing to be merged: it waits for its first commit. */
async function wasUsed(repo: Repo, branch: Branch): Promise<boolean> {
  if (branch.upstream !== null) return true;
  const args = ["rev-list", "--walk-reflogs", "--count", `refs/heads/${branch.name}`];
  return Number(await repo.git.text(args)) > 1;
}
