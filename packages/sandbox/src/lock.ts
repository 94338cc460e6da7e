import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { SandboxError } from "./errors.js";
import { errnoOf, notWritten, throwIfInterrupted } from "./failures.js";

/** A lock whose holder gave no sign for this long is taken over. */
const STALE_MS = 5_000;
const SIGN_OF_LIFE_MS = 1_000;

export interface LockOptions {
  /** Milliseconds between two tries. */
  readonly retryMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when somebody else holds it. */
  readonly onWait?: () => void;
}

/**
 * Run `work` while holding the lock folder `path`; wait as long as another process holds it.
 *
 * @throws {SandboxError} `SESSION_NOT_FOUND`: the folder it lies in is gone; `INTERRUPTED`.
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  let told = false;
  for (;;) {
    throwIfInterrupted(options.signal);
    const release = await tryLock(path);
    if (release !== undefined) {
      try {
        return await work();
      } finally {
        // Gone with its folder after a removal.
        await release().catch(() => undefined);
      }
    }
    if (!told) options.onWait?.();
    told = true;
    await sleep(options.retryMs);
  }
}

/** @returns what gives the lock back, or `undefined` where another process holds it. */
export async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  const { lock } = (await import("proper-lockfile")).default;
  try {
    // The library keeps locks by this name: two locks of one folder need two.
    return await lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: SIGN_OF_LIFE_MS,
      // A machine that slept: what is done under the lock is safe to repeat, so go on.
      onCompromised: () => undefined,
    });
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ELOCKED") return undefined;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new SandboxError("SESSION_NOT_FOUND", "the session was removed meanwhile", {
        cause: error,
      });
    }
    throw notWritten(error, dirname(path));
  }
}
