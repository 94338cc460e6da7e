import { CcoError } from "@cco/exec";
import type { Repo } from "@cco/git";

/** How a result is put on a branch. */
export type LandStrategy = "ff" | "merge" | "rebase" | "squash";

export interface LandRequest {
  /** The host's repository: any worktree of it. */
  readonly repo: Repo;
  readonly sessionId: string;
  /** Branch the session was pushed from. */
  readonly branch: string;
  /** Another branch to land on; it is made when it is not there. Default: `branch`. */
  readonly to?: string | undefined;
  /** The pushed commit. */
  readonly base: string;
  /** The checked result (`IntakeReport.tip`). */
  readonly tip: string;
  readonly strategy: LandStrategy;
  /** The snapshot commit of `--with-changes`, which `rebase` leaves out. */
  readonly snapshotCommit?: string | undefined;
  /** Title of the plan: subject of the squash commit, named by the merge commit. */
  readonly planTitle?: string | undefined;
  /** Aborting before the branch moves leaves everything as it was; the move itself is always finished. */
  readonly signal?: AbortSignal | undefined;
}

export interface LandReport {
  /** Branch that has the result now. */
  readonly branch: string;
  /** What the branch was; `null` when it is new. */
  readonly before: string | null;
  readonly after: string;
  /** Worktree whose files were brought up to date; `null` when none has the branch. */
  readonly where: string | null;
}

export type LandErrorCode =
  /** The branch has commits that the result does not. */
  | "BRANCH_DIVERGED"
  | "BRANCH_GONE"
  /** Being rebased or bisected, in the middle of a merge, or checked out twice. */
  | "BRANCH_BUSY"
  /** The name given for a new branch is not one. */
  | "BRANCH_NAME_INVALID"
  /** Files in the way; `files` names them. */
  | "WORKTREE_DIRTY"
  | "MERGE_CONFLICT"
  /** The agent rewrote pushed history. */
  | "RESULT_REWRITTEN";

/** The result does not fit the branch. Nothing moved; it is safe under `refs/cco/sessions/<id>`. */
export class LandError extends CcoError<LandErrorCode> {
  override readonly name = "LandError";
  /** Files that are in the way or in conflict, as git names them; controls are not stripped. */
  readonly files: readonly string[];

  constructor(
    code: LandErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; files?: readonly string[] } = {},
  ) {
    super(code, message, options);
    this.files = options.files ?? [];
  }
}
