import type { RunResult } from "@cco/exec";

import { GUARDED_CONFIG, type Git } from "./git.js";

/**
 * Configuration of a step that writes a person's worktree or branch: no program of the
 * person's or the repository's configuration runs, apart from content filters (LFS).
 */
const GUARD: Readonly<Record<string, string>> = {
  ...GUARDED_CONFIG,
  "submodule.recurse": "false",
  "diff.external": "",
  "i18n.commitEncoding": "UTF-8",
  "fetch.writeCommitGraph": "false",
  // A fetch from the repository itself needs both, whatever the person set.
  "protocol.version": "2",
  "protocol.file.allow": "always",
};

const GUARD_ENV = { GIT_LFS_SKIP_SMUDGE: "1", GIT_EDITOR: "true", GIT_SEQUENCE_EDITOR: "true" };

/** `git` with hooks, file monitor, submodules, external diff, editors and LFS downloads off. */
export function guarded(git: Git, reason: string): Git {
  return git.with({ config: GUARD, env: { ...GUARD_ENV, GIT_REFLOG_ACTION: reason } });
}

/**
 * Bring a worktree and its branch forward to `sha`. git refuses, and changes nothing,
 * when it is no fast-forward or when a modified, untracked or ignored file is in the way.
 *
 * Runs to its end even if this program is interrupted: half a checkout helps nobody.
 */
export function fastForward(git: Git, sha: string): Promise<RunResult> {
  return git.run(
    [
      "merge",
      "--ff-only",
      "--no-overwrite-ignore",
      "--no-autostash",
      "--no-verify-signatures",
      "--no-stat",
      "--quiet",
      "--end-of-options",
      sha,
    ],
    { detached: true },
  );
}

/**
 * Make or move forward a branch that no worktree has. git refuses, and changes nothing,
 * when it is no fast-forward or when a worktree has the branch or is rebasing it.
 */
export function fetchIntoBranch(git: Git, sha: string, branch: string): Promise<RunResult> {
  return git.run(
    [
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-prune",
      "--no-write-fetch-head",
      "--no-auto-maintenance",
      "--no-recurse-submodules",
      "--end-of-options",
      ".",
      `${sha}:refs/heads/${branch}`,
    ],
    { detached: true },
  );
}
