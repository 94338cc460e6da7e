import { Worktrees, type Repo } from "@cco/git";

import { WorkspaceError } from "./errors.js";
import type { Shared } from "./shared.js";
import type { Workspace } from "./types.js";
import { allWindows, windowOf, windowsOf } from "./windows.js";

/** See {@link Workspaces.find}. */
export async function findWorkspace(
  { tmux }: Shared,
  repo: Repo,
  branch: string,
): Promise<Workspace> {
  const [windows, worktrees] = await Promise.all([allWindows(tmux), new Worktrees(repo).list()]);
  const ours = windowsOf(repo, windows);
  if (ours.length === 0) throw noWorkspace(repo, branch);
  const window = windowOf(branch, ours, worktrees);
  const worktree = worktrees.find((one) => one.branch === branch && one.prunable === null);
  if (window === undefined || worktree === undefined) throw noWindow(branch);
  return {
    repo: repo.main,
    branch,
    worktree: worktree.path,
    session: window.sessionName,
    window: window.windowId,
    windowName: window.name,
  };
}

/** The repository has no tmux session. */
export function noWorkspace(repo: Repo, branch?: string): WorkspaceError {
  return new WorkspaceError(
    "NO_WORKSPACE",
    `no workspace found for repo "${repo.name}" — run 'cco add <branch>' first`,
    { hint: `cco add ${branch ?? "<branch>"}` },
  );
}

/** The branch has no window. */
export function noWindow(branch: string): WorkspaceError {
  return new WorkspaceError(
    "NO_WORKSPACE_WINDOW",
    `no workspace window for branch "${branch}" — run 'cco add ${branch}' first`,
    { hint: `cco add ${branch}` },
  );
}
