import { quoteArgv } from "@cco/exec";
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
  const worktree = worktrees.find((one) => one.branch === branch && one.prunable === null);
  // In the main worktree cco opens a window only where it is told to.
  const here = worktree?.path === repo.main;
  if (ours.length === 0) throw noWorkspace(repo, branch, here);
  const window = windowOf(branch, ours, worktrees);
  if (window === undefined || worktree === undefined) throw noWindow(branch, here);
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
export function noWorkspace(repo: Repo, branch?: string, here = false): WorkspaceError {
  return new WorkspaceError(
    "NO_WORKSPACE",
    `no workspace found for repo "${repo.name}" — run 'cco add <branch>' first`,
    { hint: branch === undefined ? "cco add <branch>" : adding(branch, here) },
  );
}

/** The branch has no window. */
export function noWindow(branch: string, here = false): WorkspaceError {
  return new WorkspaceError(
    "NO_WORKSPACE_WINDOW",
    `no workspace window for branch "${branch}" — run 'cco add ${branch}' first`,
    { hint: adding(branch, here) },
  );
}

function adding(branch: string, here: boolean): string {
  return quoteArgv(["cco", "add", ...(here ? ["--here"] : []), branch]);
}
