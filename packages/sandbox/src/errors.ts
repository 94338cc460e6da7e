import { CcoError } from "@cco/exec";

export type SandboxErrorCode =
  // The plan
  | "PLAN_NOT_FOUND"
  | "PLAN_EMPTY"
  | "PLAN_IS_FOLDER"
  | "PLAN_UNREADABLE"
  /** A runbook without one fenced `sh` or `bash` block. */
  | "PLAN_HAS_NO_STEPS"
  // The repository
  /** The branch has no commit yet. */
  | "UNBORN_BRANCH"
  | "DETACHED_HEAD"
  /** A rebase, merge, cherry-pick, revert or bisect is under way. */
  | "OPERATION_IN_PROGRESS"
  // The box
  | "BOX_MISSING"
  | "BOX_STOPPED"
  | "BOX_BROKEN"
  /** Its guests are lost only by somebody's doing: none is started once more. */
  | "RETRIES_UNSUPPORTED"
  // The agent
  /** No profile has this name. */
  | "AGENT_UNKNOWN"
  /** The profile's program is not in the place. */
  | "AGENT_NOT_FOUND"
  /** No key of it is set, and no login of it lies among the user's guest files. */
  | "AGENT_NOT_LOGGED_IN"
  /** A variable of it holds what cannot be handed on. */
  | "CREDENTIALS_INVALID"
  /** The user's own files for guests. */
  | "GUEST_FILES_UNREADABLE"
  // Finding a session
  | "SESSION_NOT_FOUND"
  | "SESSION_ID_AMBIGUOUS"
  | "SESSION_ID_MALFORMED"
  /** Its `session.json` cannot be read, or was written by a newer cco. */
  | "SESSION_UNREADABLE"
  /** Its box or its bytes are gone. */
  | "SESSION_LOST"
  // Running
  | "SESSION_RUNNING"
  | "NOT_RUNNING"
  /** The agent's sandbox did not come up. */
  | "START_FAILED"
  | "WAIT_TIMED_OUT"
  /** Another cco took over what this one was working on. */
  | "LOCK_LOST"
  // Taking the result
  | "INTAKE_REFUSED"
  /** The stream from the guest broke off. */
  | "BUNDLE_TRUNCATED"
  /** The guest holds nothing that could be bundled. */
  | "BUNDLE_GONE"
  | "CHECK_FAILED"
  // Landing it
  | "BRANCH_DIVERGED"
  | "BRANCH_GONE"
  /** The branch is being rebased or bisected in some worktree. */
  | "BRANCH_BUSY"
  | "WORKTREE_DIRTY"
  | "MERGE_CONFLICT"
  /** The agent rewrote the pushed commit: its work is on the session's ref. */
  | "RESULT_REWRITTEN"
  // Removing it
  | "UNPULLED_WORK"
  // The machinery
  | "DISK_FULL"
  /** cco's own folder on this machine. */
  | "FOLDER_NOT_WRITABLE"
  | "TRANSFER_FAILED"
  /** The caller's signal ended it; what was begun can be run again. */
  | "INTERRUPTED";

/** What the session engine throws on purpose, beside `GitError`, `BackendError` and `RunError`. */
export class SandboxError extends CcoError<SandboxErrorCode> {
  override readonly name = "SandboxError";
}
