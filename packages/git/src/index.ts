export { isAbsorbed } from "./absorbed.js";
export { Branches, type Branch, type DeleteBranchOptions } from "./branches.js";
export { createInputBundle, type InputBundle, type InputBundleOptions } from "./bundle.js";
export { bundleHeader, type BundleHeader, type ObjectFormat } from "./bundle-header.js";
export { identity, LocalConfig, NOBODY, type Identity } from "./config.js";
export { GitError, type GitErrorCode } from "./errors.js";
export { Git, gitFailed, GUARDED_CONFIG, type GitOptions } from "./git.js";
export type { Head, Operation } from "./head.js";
export { History, type AheadBehind, type Commit } from "./history.js";
export type { Worktree } from "./list-worktrees.js";
export type { FileChange } from "./parse-diff.js";
export type { StatusEntry, WorktreeStatus } from "./parse-status.js";
export { Refs, type Ref } from "./refs.js";
export { Repo, type OpenOptions } from "./repo.js";
export { snapshotCommit, type Snapshot, type SnapshotOptions } from "./snapshot.js";
export { gitVersion, MINIMUM_GIT } from "./version.js";
export { Worktrees, type AddWorktreeOptions, type RemoveWorktreeOptions } from "./worktrees.js";
export {
  commitTree,
  mergeTrees,
  replay,
  type CommitTreeOptions,
  type MergedTree,
  type Replayed,
  type ReplayOptions,
} from "./land-compute.js";
export { fastForward, fetchIntoBranch, guarded } from "./land.js";
export {
  Quarantine,
  type IndexPackOptions,
  type PackedObject,
  type QuarantineOptions,
} from "./quarantine.js";
