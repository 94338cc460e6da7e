import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Repo } from "@cco/git";
import lockfile from "proper-lockfile";

import { WorkspaceError } from "./errors.js";
import { errnoOf, writing } from "./files.js";

const STALE_MS = 5_000;
const RETRY_MS = 50;

/**
 * Run `work` while no other `cco` makes or removes a workspace of this repository.
 *
 * @param work its signal is aborted with `signal`, and when the lock is lost.
 * @throws {WorkspaceError} `LOCK_LOST`: another took over, as it may from one that was stopped for long.
 */
export async function withRepoLock<T>(
  repo: Pick<Repo, "commonDir">,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const path = join(repo.commonDir, "cco-workspaces.lock");
  for (;;) {
    signal?.throwIfAborted();
    const lost = new AbortController();
    const release = await writing(repo.commonDir, () =>
      tryLock(repo.commonDir, path, (error) => {
        lost.abort(error);
      }),
    );
    if (release === null) {
      await sleep(RETRY_MS);
      continue;
    }
    const held = signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal]);
    try {
      const value = await work(held);
      if (lost.signal.aborted) throw lockLost(lost.signal.reason);
      return value;
    } catch (error) {
      throw lost.signal.aborted ? lockLost(error) : error;
    } finally {
      await release().catch(() => undefined);
    }
  }
}

async function tryLock(
  folder: string,
  path: string,
  onCompromised: (error: Error) => void,
): Promise<(() => Promise<void>) | null> {
  try {
    return await lockfile.lock(folder, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: STALE_MS / 5,
      onCompromised,
    });
  } catch (error) {
    if (errnoOf(error) === "ELOCKED") return null;
    throw error;
  }
}

function lockLost(cause: unknown): WorkspaceError {
  const what = "another cco changed this repository's workspaces while this one stood";
  return new WorkspaceError("LOCK_LOST", what, { hint: "run the same command again", cause });
}
