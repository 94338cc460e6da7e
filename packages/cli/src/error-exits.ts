import type { BackendErrorCode } from "@cco/backend";
import type { RunErrorCode } from "@cco/exec";
import type { GitErrorCode } from "@cco/git";
import type { IntakeErrorCode, LandErrorCode, SandboxErrorCode } from "@cco/sandbox";
import type { SshErrorCode } from "@cco/ssh";
import type { TmuxErrorCode } from "@cco/tmux";
import type { WorkspaceErrorCode } from "@cco/workspace";

import type { CliErrorCode } from "./errors.js";
import { EXIT, type ExitCode } from "./exit-codes.js";

/** Every code that a package throws on purpose. */
export type ErrorCode =
  | BackendErrorCode
  | CliErrorCode
  | GitErrorCode
  | IntakeErrorCode
  | LandErrorCode
  | RunErrorCode
  | SandboxErrorCode
  | SshErrorCode
  | TmuxErrorCode
  | WorkspaceErrorCode;

/** What each error ends the process with. A new code without a line here does not compile. */
export const ERROR_EXITS: Readonly<Record<ErrorCode, ExitCode>> = {
  // The command line and the configuration
  USAGE: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  CONFIG_UNREADABLE: EXIT.failed,
  CONFIG_EXISTS: EXIT.failed,
  BACKEND_UNKNOWN: EXIT.usage,
  NOT_A_TERMINAL: EXIT.usage,
  INSIDE_OTHER_TMUX: EXIT.failed,
  ATTACH_FAILED: EXIT.failed,
  WHICH_REPOSITORY: EXIT.usage,
  NO_OPEN_WORKSPACE: EXIT.notFound,
  OUTPUT_FAILED: EXIT.failed,
  INTERRUPTED: EXIT.interrupted,
  TERMINATED: EXIT.terminated,
  // Programs
  COMMAND_NOT_FOUND: EXIT.failed,
  COMMAND_NOT_STARTED: EXIT.failed,
  COMMAND_TIMED_OUT: EXIT.failed,
  COMMAND_ABORTED: EXIT.interrupted,
  COMMAND_OUTPUT_TOO_LARGE: EXIT.failed,
  COMMAND_STREAM_FAILED: EXIT.failed,
  CONNECTION_LOST: EXIT.box,
  // The plan
  PLAN_NOT_FOUND: EXIT.notFound,
  PLAN_EMPTY: EXIT.failed,
  PLAN_IS_FOLDER: EXIT.failed,
  PLAN_UNREADABLE: EXIT.failed,
  PLAN_HAS_NO_STEPS: EXIT.failed,
  // The repository
  GIT_MISSING: EXIT.failed,
  GIT_TOO_OLD: EXIT.failed,
  GIT_FAILED: EXIT.failed,
  NOT_A_REPOSITORY: EXIT.failed,
  BARE_REPOSITORY: EXIT.failed,
  UNBORN_BRANCH: EXIT.notFound,
  DETACHED_HEAD: EXIT.notFound,
  OPERATION_IN_PROGRESS: EXIT.notFound,
  NO_COMMITS: EXIT.notFound,
  REF_NOT_FOUND: EXIT.notFound,
  REF_MOVED: EXIT.doesNotFit,
  BRANCH_NAME_INVALID: EXIT.usage,
  BRANCH_AMBIGUOUS: EXIT.usage,
  BRANCH_EXISTS: EXIT.doesNotFit,
  BRANCH_NOT_FOUND: EXIT.notFound,
  BRANCH_CHECKED_OUT: EXIT.doesNotFit,
  BRANCH_NOT_MERGED: EXIT.doesNotFit,
  WORKTREE_EXISTS: EXIT.failed,
  // tmux and workspaces
  TMUX_MISSING: EXIT.failed,
  TMUX_TOO_OLD: EXIT.failed,
  TMUX_FAILED: EXIT.failed,
  NO_SERVER: EXIT.notFound,
  NOT_FOUND: EXIT.notFound,
  SESSION_EXISTS: EXIT.failed,
  NO_SPACE: EXIT.failed,
  NO_WORKSPACE: EXIT.notFound,
  NO_WORKSPACE_WINDOW: EXIT.notFound,
  FOLDER_TAKEN: EXIT.failed,
  FOLDER_NOT_WRITABLE: EXIT.failed,
  CARRY_FAILED: EXIT.failed,
  SETUP_FAILED: EXIT.failed,
  REMOVE_REFUSED: EXIT.doesNotFit,
  // The box
  BOX_MISSING: EXIT.box,
  BOX_STOPPED: EXIT.box,
  BOX_BROKEN: EXIT.box,
  BACKEND_FAILED: EXIT.box,
  NETWORK_UNSUPPORTED: EXIT.box,
  RETRIES_UNSUPPORTED: EXIT.usage,
  START_FAILED: EXIT.box,
  TRANSFER_FAILED: EXIT.failed,
  DISK_FULL: EXIT.failed,
  // The machine it is on
  SSH_HOST_INVALID: EXIT.usage,
  SSH_HOST_UNKNOWN: EXIT.box,
  SSH_REFUSED: EXIT.box,
  SSH_UNREACHABLE: EXIT.box,
  SSH_AUTH_FAILED: EXIT.box,
  SSH_HOST_KEY_UNKNOWN: EXIT.box,
  SSH_HOST_KEY_CHANGED: EXIT.box,
  SSH_CONFIG_INVALID: EXIT.box,
  SSH_FAILED: EXIT.box,
  // The agent
  AGENT_UNKNOWN: EXIT.usage,
  AGENT_NOT_FOUND: EXIT.failed,
  AGENT_NOT_LOGGED_IN: EXIT.failed,
  CREDENTIALS_INVALID: EXIT.failed,
  GUEST_FILES_UNREADABLE: EXIT.failed,
  PROGRAM_NOT_FOUND: EXIT.failed,
  NOT_RUNNING: EXIT.failed,
  // The session
  SESSION_NOT_FOUND: EXIT.notFound,
  SESSION_ID_AMBIGUOUS: EXIT.usage,
  SESSION_ID_MALFORMED: EXIT.usage,
  SESSION_UNREADABLE: EXIT.lost,
  SESSION_LOST: EXIT.lost,
  SESSION_RUNNING: EXIT.doesNotFit,
  UNPULLED_WORK: EXIT.doesNotFit,
  LOCK_LOST: EXIT.failed,
  WAIT_TIMED_OUT: EXIT.timedOut,
  // Its result
  INTAKE_REFUSED: EXIT.refused,
  BUNDLE_TRUNCATED: EXIT.refused,
  BUNDLE_GONE: EXIT.lost,
  CHECK_FAILED: EXIT.refused,
  BRANCH_DIVERGED: EXIT.doesNotFit,
  BRANCH_GONE: EXIT.doesNotFit,
  BRANCH_BUSY: EXIT.doesNotFit,
  WORKTREE_DIRTY: EXIT.doesNotFit,
  MERGE_CONFLICT: EXIT.doesNotFit,
  RESULT_REWRITTEN: EXIT.doesNotFit,
};

/** @param code of a `CcoError`; one that the table does not know is a plain failure. */
export function exitCodeOf(code: string): ExitCode {
  const table: Readonly<Record<string, ExitCode | undefined>> = ERROR_EXITS;
  return Object.hasOwn(table, code) ? (table[code] ?? EXIT.failed) : EXIT.failed;
}
