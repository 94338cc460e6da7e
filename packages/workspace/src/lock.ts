import { join } from "node:path";

import { withLock } from "@cco/exec";
import type { Repo } from "@cco/git";

import { WorkspaceError } from "./errors.js";
import { whyNotWritten } from "./files.js";

const RETRY_MS = 50;

/**
 * Run `work` while no other `cco` makes or removes a workspace of this repository.
 *
 * @param work its signal is aborted with `signal`, and when the lock is lost.
 * @throws {WorkspaceError} `LOCK_LOST`: another took over, as it may from one that was stopped for long.
 */
export async function withRepoLock<T>(
  { commonDir }: Pick<Repo, "commonDir">,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const options = {
    retryMs: RETRY_MS,
    signal,
    lost: lockLost,
    notMade: (error: unknown) => whyNotWritten(commonDir, error),
  };
  return withLock(join(commonDir, "cco-workspaces.lock"), options, work);
}

function lockLost(cause: unknown): WorkspaceError {
  const what = "another cco changed this repository's workspaces while this one stood";
  return new WorkspaceError("LOCK_LOST", what, { hint: "run the same command again", cause });
}
