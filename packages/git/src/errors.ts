import { CcoError } from "@cco/exec";

export type GitErrorCode =
  | "NOT_A_REPOSITORY"
  | "BARE_REPOSITORY"
  /** git is not installed, or older than 2.38. */
  | "GIT_MISSING"
  | "GIT_TOO_OLD"
  /** A ref is not what the caller last saw (compare and swap failed). */
  | "REF_MOVED"
  | "BRANCH_NAME_INVALID"
  | "BRANCH_EXISTS"
  | "BRANCH_NOT_FOUND"
  | "BRANCH_CHECKED_OUT"
  | "BRANCH_NOT_MERGED"
  | "WORKTREE_EXISTS"
  | "WORKTREE_DIRTY"
  /** Any other refusal of git; its stderr is in the message. */
  | "GIT_FAILED";

export class GitError extends CcoError<GitErrorCode> {
  override readonly name = "GitError";
}
