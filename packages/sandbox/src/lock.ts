import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

import { tryWithLock as tryIt, withLock as waitForIt, type LockOptions } from "@cco/exec";

import { SandboxError } from "./errors.js";
import { errnoOf, interrupted, isAbort, notWritten } from "./failures.js";

/** The session's record beside its locks. */
export const RECORD = "session.json";

interface Waiting {
  /** Milliseconds between two tries. */
  readonly retryMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when somebody else holds it. */
  readonly onWait?: () => void;
}

/**
 * Run `work` while holding the lock `path` in a session's folder; wait as long as another process holds it.
 *
 * @param work its signal is aborted with `options.signal`, and when the lock is lost.
 * @throws {SandboxError} `SESSION_NOT_FOUND`: the folder is gone; `LOCK_LOST`: another process took
 *   the lock over, as it may from one that was stopped for long; `INTERRUPTED`.
 */
export async function withLock<T>(
  path: string,
  options: Waiting,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await waitForIt(path, { ...inSession(path), ...options }, work);
  } catch (error) {
    throw isAbort(error, options.signal) ? interrupted(error) : error;
  }
}

/** {@link withLock} without the wait. @returns `undefined` where another process holds the lock. */
export async function tryWithLock<T>(
  path: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  return tryIt(path, { ...inSession(path), signal }, work);
}

function inSession(path: string): LockOptions {
  return {
    lost: (cause) =>
      new SandboxError("LOCK_LOST", "another cco took this session over while this one stood", {
        hint: "run the same command again",
        cause,
      }),
    notMade: (error) => {
      const code = errnoOf(error);
      if (code !== "ENOENT" && code !== "ENOTDIR") return notWritten(error, dirname(path));
      return new SandboxError("SESSION_NOT_FOUND", "the session was removed meanwhile", {
        cause: error,
      });
    },
    // A removal takes the record away first, then the lock with all the rest.
    isRemoved: () => !existsSync(join(dirname(path), RECORD)),
  };
}
