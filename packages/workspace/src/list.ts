import { Branches, Worktrees, type Repo, type Worktree } from "@cco/git";
import { realpath } from "node:fs/promises";

import { compared } from "./base.js";
import { areDirty } from "./dirty.js";
import { ifThere } from "./files.js";
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
  const worktrees = new Worktrees(repo);
  const [windows, listed, branches, known, folder] = await Promise.all([
    allWindows(tmux),
    worktrees.list(),
    new Branches(repo.git).list(),
    sessions(repo.main),
    ifThere(realpath(paths.worktrees)),
  ]);
  const ours = windowsOf(repo, windows);
  const windowFor = (one: Worktree) =>
    one.branch === null
      ? ours.find((window) => window.options[WORKTREE_OPTION] === optionValue(one.path))
      : windowOf(one.branch, ours, listed);
  const shown = listed.filter(
    (one) => (folder !== null && isWithin(folder, one.path)) || windowFor(one) !== undefined,
  );
  const [tracks, dirty] = await Promise.all([
    compared(repo, branches, listed[0]?.branch ?? null),
    areDirty(
      runner,
      shown.filter((one) => one.prunable === null).map((one) => one.path),
    ),
  ]);
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
