import type { DesktopMethod } from "./desktop.js";

/** A branch, its worktree and its tmux window. */
export interface Workspace {
  /** Real path of the repository's main worktree. */
  readonly repo: string;
  readonly branch: string;
  /** Real path of the branch's worktree. */
  readonly worktree: string;
  /** Name of the repository's tmux session. */
  readonly session: string;
  /** tmux id of the window, `@3`. */
  readonly window: string;
  /** The window's name now. */
  readonly windowName: string;
}

/** What the workspace needs to know of a sandbox session. */
export interface WorkspaceSession {
  readonly sessionId: string;
  /** Real path of the repository's main worktree. */
  readonly repo: string;
  readonly branch: string;
  /** `running`, `succeeded`, … */
  readonly state: string;
  /** Its result is home. */
  readonly pulled: boolean;
}

/** A file or folder of the main worktree that new worktrees get too. */
export interface CarriedFile {
  /** Relative to the worktree's root. One that is not there is left out. */
  readonly path: string;
  /** Default `copy`. */
  readonly how?: "copy" | "symlink";
}

/** A set-up script that wants to run on this machine. */
export interface SetupScript {
  /** Relative to the worktree: `scripts/setup.sh`. */
  readonly path: string;
  readonly worktree: string;
  readonly branch: string;
  readonly content: string;
  /** sha256 of the content, hex. */
  readonly hash: string;
}

/**
 * - `none`: the branch has no set-up script.
 * - `done`: it ran now.
 * - `already`: one ran in this worktree before, and succeeded.
 * - `skipped`: it was not confirmed.
 */
export type SetupOutcome = "none" | "done" | "already" | "skipped";

export interface AddOptions {
  /** Where a new branch begins. Default: what the folder's worktree has checked out. */
  readonly from?: string;
  /**
   * Program and arguments of the agent; it becomes the window's process, and the
   * user's shell follows it. Default: the shell.
   */
  readonly agent?: readonly string[];
  /** Files to carry over beside `.claude/settings.local.json`. */
  readonly files?: readonly CarriedFile[];
  /**
   * Set-up script instead of the first executable one of `scripts/init`,
   * `scripts/init.sh`, `scripts/setup`, `scripts/setup.sh`; `null`: none.
   */
  readonly setup?: string | null;
  /**
   * Asked once for each content of a set-up script. Default: no, so that a script
   * that was never confirmed is skipped.
   */
  readonly confirmSetup?: (script: SetupScript) => boolean | Promise<boolean>;
  /**
   * Where the branch is checked out in a worktree that cco did not make, use that
   * one. Default `false`: `BRANCH_CHECKED_OUT`.
   */
  readonly here?: boolean;
  readonly signal?: AbortSignal;
}

export interface AddResult extends Workspace {
  readonly created: {
    readonly branch: boolean;
    readonly worktree: boolean;
    readonly window: boolean;
  };
  /** Paths carried over now. */
  readonly carried: readonly string[];
  readonly setup: SetupOutcome;
  /** The set-up script, where there is one. */
  readonly setupScript: string | null;
  /** The remote branch a new local one follows. */
  readonly upstream: string | null;
}

export interface RemoveOptions {
  /** `merged` (`-d`): delete the branch too if no change of it is lost; `always` (`-D`): in any case. Default: keep it. */
  readonly deleteBranch?: "merged" | "always";
  /** Lose what a refusal names. Default `false`. */
  readonly force?: boolean;
  /** Leave out a branch that is refused, with a note, instead of removing none. Default `false`. */
  readonly skipRefused?: boolean;
  /** Real path where the caller's shell stands: that folder stays, empty, if it is in the worktree. */
  readonly shellDir?: string;
  readonly signal?: AbortSignal;
}

export interface RemoveResult {
  readonly branch: string;
  /** Path of the worktree that was removed; `null` where there was none, or it is not cco's. */
  readonly worktree: string | null;
  /** The window was closed; the one the caller runs in closes a second later. */
  readonly window: boolean;
  readonly branchDeleted: boolean;
  /** The commit that a deleted branch was at: `git branch <name> <commit>` brings it back. */
  readonly branchTip: string | null;
  /** Folder to go to: the caller's own is gone or empty. `null`: it is untouched. */
  readonly leaveTo: string | null;
}

/** One line of `cco ls`. */
export interface WorkspaceEntry<S> {
  readonly repo: string;
  /** `null`: the worktree is on no branch. */
  readonly branch: string | null;
  readonly worktree: string;
  /** tmux window id, `null` where none is open. */
  readonly window: string | null;
  /** Commits beyond, and missing from, the upstream or else the main worktree's branch; `null`: no such base. */
  readonly ahead: number | null;
  readonly behind: number | null;
  /** Uncommitted or untracked files; `null`: the worktree's folder is gone, or git cannot read it. */
  readonly dirty: boolean | null;
  readonly sessions: readonly S[];
}

/**
 * How to get to a workspace from where the caller is.
 *
 * - `switched`: done, the caller's own client shows it.
 * - `attach`: run `argv` with the terminal.
 * - `nested`: the caller is inside another tmux server; `argv` is for a terminal outside.
 */
export interface AttachPlan {
  readonly how: "switched" | "attach" | "nested";
  readonly argv: readonly string[];
}

export interface NotifyOptions {
  /** For the desktop too. */
  readonly message?: {
    readonly text: string;
    /** Default `auto`. */
    readonly method?: DesktopMethod;
  };
}

/** What `cco notify` did: never an error. */
export interface NotifyResult {
  readonly outcome: "marked" | "already-marked" | "active" | "no-window" | "failed";
  /** Why it failed. */
  readonly detail: string | null;
  /** `null`: no message was to be shown. */
  readonly desktop: "shown" | "failed" | null;
  /** Why the message was not shown. */
  readonly desktopDetail: string | null;
}

/** What closing a session's pane did: never an error. */
export interface ClosePaneResult {
  readonly outcome: "closed" | "already-closed" | "failed";
  readonly detail: string | null;
}

/** Something of workspaces that is of no use any more, or half made. */
export interface Leftover {
  readonly kind: "worktree-gone" | "worktree-half-made" | "window-without-worktree";
  /** The branch, or the path where there is none. */
  readonly name: string;
  readonly detail: string;
  /** The command that mends it. */
  readonly fix: string;
}

export type WorkspaceEvent =
  | { readonly type: "branch-created"; readonly branch: string; readonly from: string }
  | { readonly type: "worktree-created"; readonly branch: string; readonly path: string }
  | { readonly type: "file-carried"; readonly path: string; readonly how: "copy" | "symlink" }
  | { readonly type: "setup-started"; readonly path: string }
  /** Whole lines, as the script printed them. */
  | { readonly type: "setup-output"; readonly chunk: Uint8Array }
  | { readonly type: "setup-skipped"; readonly path: string }
  | { readonly type: "window-created"; readonly window: string; readonly name: string }
  | { readonly type: "worktree-removed"; readonly path: string }
  | { readonly type: "branch-deleted"; readonly branch: string; readonly tip: string }
  | { readonly type: "note"; readonly text: string };
