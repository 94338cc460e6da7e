import type { Repo, Worktree } from "@cco/git";
import { TmuxError, type TmuxClient, type WindowInfo } from "@cco/tmux";

import { firstFree, sessionNameOf, windowNameOf, withoutBell } from "./names.js";
import {
  AGENT_OPTION,
  BRANCH_OPTION,
  REPO_OPTION,
  WORKTREE_OPTION,
  optionValue,
} from "./server.js";

/** Every window of the server with the marks of workspaces, in one call. */
export function allWindows(tmux: TmuxClient): Promise<readonly WindowInfo[]> {
  return tmux.listWindows(null, [REPO_OPTION, BRANCH_OPTION, WORKTREE_OPTION, AGENT_OPTION]);
}

/** The windows of a repository's session, whatever its name. */
export function windowsOf(repo: Repo, windows: readonly WindowInfo[]): WindowInfo[] {
  const mark = optionValue(repo.main);
  return windows.filter((window) => window.options[REPO_OPTION] === mark);
}

/**
 * The window of a branch: the one marked with its worktree, else the one marked with
 * its name, unless that one's worktree is another branch's by now.
 *
 * @param ours of the repository's session.
 * @param worktree of the branch, if it has one.
 */
export function windowOf(
  branch: string,
  ours: readonly WindowInfo[],
  worktrees: readonly Worktree[],
): WindowInfo | undefined {
  const worktree = worktrees.find((one) => one.branch === branch);
  const mark = worktree === undefined ? undefined : optionValue(worktree.path);
  const byWorktree = ours.find(
    (window) => mark !== undefined && window.options[WORKTREE_OPTION] === mark,
  );
  if (byWorktree !== undefined) return byWorktree;
  const taken = new Set(worktrees.map((one) => optionValue(one.path)));
  return ours.find(
    (window) =>
      window.options[BRANCH_OPTION] === branch && !taken.has(window.options[WORKTREE_OPTION] ?? ""),
  );
}

export interface OpenWindowOptions {
  readonly repo: Repo;
  /** The repository's name, that no other has. */
  readonly name: string;
  readonly branch: string;
  readonly worktree: string;
  readonly argv?: readonly string[];
  /** Value of the agent's mark. */
  readonly agent: "started" | "pending" | "none";
}

/** Make a branch's window, and the repository's session with it where there is none. */
export async function openWindow(
  tmux: TmuxClient,
  windows: readonly WindowInfo[],
  options: OpenWindowOptions,
): Promise<string> {
  const { repo, branch, worktree, argv } = options;
  const ours = windowsOf(repo, windows);
  const start = {
    cwd: worktree,
    ...(argv === undefined ? {} : { argv }),
    windowOptions: {
      [BRANCH_OPTION]: branch,
      [WORKTREE_OPTION]: optionValue(worktree),
      [AGENT_OPTION]: options.agent,
    },
  };
  const taken = new Set(ours.map((window) => withoutBell(window.name)));
  const name = firstFree(windowNameOf(branch), (candidate) => taken.has(candidate));
  const session = ours[0]?.sessionId;
  if (session !== undefined) return (await tmux.newWindow({ ...start, session, name })).windowId;
  return newSession(tmux, windows, options, { ...start, windowName: name });
}

async function newSession(
  tmux: TmuxClient,
  windows: readonly WindowInfo[],
  { repo, name }: OpenWindowOptions,
  start: Omit<Parameters<TmuxClient["newSession"]>[0], "name">,
): Promise<string> {
  const taken = new Set(windows.map((window) => window.sessionName));
  for (;;) {
    const free = firstFree(sessionNameOf(name), (candidate) => taken.has(candidate));
    try {
      const sessionOptions = { [REPO_OPTION]: optionValue(repo.main) };
      return (await tmux.newSession({ ...start, name: free, sessionOptions })).windowId;
    } catch (error) {
      // Made by somebody else since the list was read.
      if (!(error instanceof TmuxError && error.code === "SESSION_EXISTS")) throw error;
      taken.add(free);
    }
  }
}
