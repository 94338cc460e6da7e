import type { Repo } from "./repo.js";

export interface SnapshotOptions {
  /** Untracked files that are not ignored too. Default `true`. */
  readonly includeUntracked?: boolean;
  readonly message?: string;
  readonly signal?: AbortSignal;
}

export interface Snapshot {
  /** A commit on top of HEAD, on no branch. */
  readonly commit: string;
  /** Repositories inside the worktree that are not submodules: left out. */
  readonly nestedRepositories: readonly string[];
}

/** The worktree as it is now, as a commit; `null` when nothing is uncommitted. */
export async function snapshotCommit(
  repo: Repo,
  options: SnapshotOptions = {},
): Promise<Snapshot | null> {
  await Promise.resolve([repo, options]);
  throw new Error("not written yet");
}
