import { Branches, Worktrees, type Repo, type Worktree } from "@cco/git";

import { compared } from "./base.js";
import { areDirty } from "./dirty.js";
import { ownFolder } from "./files.js";
import { isWithin } from "./paths.js";
import type { Shared } from "./shared.js";
import type { WorkspaceEntry, WorkspaceSession } from "./types.js";
import { allWindows, windowOf, windowsOf } from "./windows.js";
import { optionValue, WORKTREE_OPTION } from "./server.js";

/** See {@link Workspaces.list}. */
export async function listWorkspaces<S extends WorkspaceSession>(
  { runner, tmux, paths }: Shared,
  repo: Repo,
  sessions: (repo: string) => Promise<readonly S[]>,
): Promise<WorkspaceEntry<S>[]> {
  const folder = await ownFolder(paths.worktrees);
  const branches = new Branches(repo.git).list();
  const listing = new Worktrees(repo).list();
  const isOwn = (one: Worktree) => folder !== null && isWithin(folder, one.path);
  const looked = (all: readonly Worktree[]) =>
    areDirty(
      runner,
      all.filter((one) => one.prunable === null).map((one) => one.path),
    );
  // The longest work, which needs no more than the list: it begins first.
  const ownDirty = listing.then((all) => looked(all.filter(isOwn)));
  const tracking = Promise.all([branches, listing]).then(([all, [main]]) =>
    compared(repo, all, main?.branch ?? null),
  );
  const [listed, windows, tracks, own, known] = await Promise.all([
    listing,
    allWindows(tmux),
    tracking,
    ownDirty,
    sessions(repo.main),
  ]);
  const ours = windowsOf(repo, windows);
  const windowFor = (one: Worktree) =>
    one.branch === null
      ? ours.find((window) => window.options[WORKTREE_OPTION] === optionValue(one.path))
      : windowOf(one.branch, ours, listed);
  const others = listed.filter((one) => !isOwn(one) && windowFor(one) !== undefined);
  const dirty = new Map([...own, ...(await looked(others))]);
  const shown = [...listed.filter(isOwn), ...others];
  return shown
    .map((one): WorkspaceEntry<S> => {
      const track = one.branch === null ? null : (tracks.get(one.branch) ?? null);
      return {
        repo: repo.main,
        branch: one.branch,
        worktree: one.path,
        window: windowFor(one)?.windowId ?? null,
        ahead: track?.ahead ?? null,
        behind: track?.behind ?? null,
        dirty: dirty.get(one.path) ?? null,
        sessions: known.filter((each) => each.repo === repo.main && each.branch === one.branch),
      };
    })
    .sort((a, b) => compare(a.branch ?? a.worktree, b.branch ?? b.worktree));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
