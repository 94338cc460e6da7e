import { CcoError, type CcoErrorOptions } from "@cco/exec";

export type WorkspaceErrorCode =
  /** The repository has no tmux session (exit code 3). */
  | "NO_WORKSPACE"
  /** The repository has a session, the branch has no window in it (3). */
  | "NO_WORKSPACE_WINDOW"
  /** `from` names no commit (3). */
  | "REF_NOT_FOUND"
  /** The repository has no commit to make a branch from (3). */
  | "NO_COMMITS"
  /** Several remotes have the branch and none is `origin`. */
  | "BRANCH_AMBIGUOUS"
  /** A worktree that cco did not make has the branch. */
  | "BRANCH_CHECKED_OUT"
  /** Something that is no worktree of this repository is where the worktree should be. */
  | "FOLDER_TAKEN"
  /** A folder of cco's own cannot be written. */
  | "FOLDER_NOT_WRITABLE"
  /** A file that config lists cannot be carried over. */
  | "CARRY_FAILED"
  /** The set-up script failed; the workspace stays (1). */
  | "SETUP_FAILED"
  /** Another cco took over what this one was working on (1). */
  | "LOCK_LOST"
  /** Removing would lose something; `refusals` says what (6). */
  | "REMOVE_REFUSED";

export class WorkspaceError extends CcoError<WorkspaceErrorCode> {
  override readonly name: string = "WorkspaceError";
}

export type RefusalReason =
  | "uncommitted"
  | "untracked"
  | "unmerged"
  | "running-session"
  | "unpulled-work"
  /** git worktree lock */
  | "locked"
  /** The main worktree, or one that cco did not make: never removed. */
  | "not-ours"
  /** An operation (rebase, merge, bisect …) is under way there. */
  | "operation";

/** One thing that removing a workspace would lose. */
export interface Refusal {
  readonly branch: string;
  readonly reason: RefusalReason;
  /** What exactly: files, commits, session ids. */
  readonly detail: string;
  /** Whether `force` lets it go. */
  readonly forcible: boolean;
}

/** Nothing was removed: each of `refusals` would have been lost. */
export class RemoveRefusedError extends WorkspaceError {
  override readonly name = "RemoveRefusedError";
  readonly refusals: readonly Refusal[];

  constructor(message: string, refusals: readonly Refusal[], options: CcoErrorOptions) {
    super("REMOVE_REFUSED", message, options);
    this.refusals = refusals;
  }
}
