import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Repo } from "@cco/git";
import lockfile from "proper-lockfile";

import { errnoOf, writing } from "./files.js";

const STALE_MS = 5_000;
const RETRY_MS = 50;

/** Run `work` while no other `cco` makes or removes a workspace of this repository. */
export async function withRepoLock<T>(
  repo: Repo,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(repo.commonDir, "cco-workspaces.lock");
  for (;;) {
    signal?.throwIfAborted();
    const release = await writing(repo.commonDir, () => tryLock(repo.commonDir, path));
    if (release === null) {
      await sleep(RETRY_MS);
      continue;
    }
    try {
      return await work();
    } finally {
      await release().catch(() => undefined);
    }
  }
}

async function tryLock(folder: string, path: string): Promise<(() => Promise<void>) | null> {
  try {
    return await lockfile.lock(folder, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: STALE_MS / 5,
      // A machine that slept: what is done under the lock is safe to repeat, so go on.
      onCompromised: () => undefined,
    });
  } catch (error) {
    if (errnoOf(error) === "ELOCKED") return null;
    throw error;
  }
}
