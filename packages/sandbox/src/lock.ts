import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { SandboxError } from "./errors.js";
import { errnoOf, notWritten, throwIfInterrupted } from "./failures.js";

/** A lock whose holder gave no sign for this long is taken over. */
const STALE_MS = 5_000;
const SIGN_OF_LIFE_MS = 1_000;
/** The session's record beside its locks. */
export const RECORD = "session.json";

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
 * @param work its signal is aborted with `options.signal`, and when the lock is lost.
 * @throws {SandboxError} `SESSION_NOT_FOUND`: the folder it lies in is gone; `INTERRUPTED`;
 *   `LOCK_LOST`: another process took the lock over, as it may from one that was stopped for long.
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let told = false;
  for (;;) {
    throwIfInterrupted(options.signal);
    const done = await tryWithLock(path, work, options.signal);
    if (done !== undefined) return done.value;
    if (!told) options.onWait?.();
    told = true;
    await sleep(options.retryMs);
  }
}

/** {@link withLock} without the wait. @returns `undefined` where another process holds the lock. */
export async function tryWithLock<T>(
  path: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  const lost = new AbortController();
  const release = await tryLock(path, (error) => {
    lost.abort(error);
  });
  if (release === undefined) return undefined;
  const either = signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal]);
  try {
    const value = await work(either);
    if (lost.signal.aborted) throw lockLost(lost.signal.reason);
    return { value };
  } catch (error) {
    throw lost.signal.aborted ? lockLost(error) : error;
  } finally {
    // Gone with its folder after a removal.
    await release().catch(() => undefined);
  }
}

async function tryLock(
  path: string,
  onLost: (error: Error) => void,
): Promise<(() => Promise<void>) | undefined> {
  const { lock } = (await import("proper-lockfile")).default;
  try {
    // The library keeps locks by this name: two locks of one folder need two.
    return await lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: SIGN_OF_LIFE_MS,
      onCompromised: (error) => {
        // A removal takes the record away first, then the lock with all the rest.
        if (existsSync(join(dirname(path), RECORD))) onLost(error);
      },
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

function lockLost(cause: unknown): SandboxError {
  return new SandboxError("LOCK_LOST", "another cco took this session over while this one stood", {
    hint: "run the same command again",
    cause,
  });
}
