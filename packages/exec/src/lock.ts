import { setTimeout as sleep } from "node:timers/promises";

import { anySignal } from "./any-signal.js";

/** A lock whose holder gave no sign for this long is taken over. */
const STALE_MS = 5_000;
const SIGN_OF_LIFE_MS = 1_000;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** What to throw where another process took the lock over, as it may from one that was stopped for long. */
  readonly lost: (cause: unknown) => Error;
  /** What to throw, or a promise of it, where the lock cannot be made. Default: the system's error. */
  readonly notMade?: (error: unknown) => unknown;
  /** Whether a lock that is gone was removed on purpose, by `work`. Default: it never is. */
  readonly isRemoved?: () => boolean;
}

export interface WaitingLockOptions extends LockOptions {
  /** Milliseconds between two tries. */
  readonly retryMs: number;
  /** Called once, when somebody else holds it. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Run `work` while holding the lock folder `path`; wait as long as another process holds it.
 *
 * @param work its signal is aborted with `options.signal`, and when the lock is lost.
 * @throws the signal's reason; what `options` says.
 */
export async function withLock<T>(
  path: string,
  options: WaitingLockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const done = await tryWithLock(path, options, work);
    if (done !== undefined) return done.value;
    if (!told) options.onWait?.();
    told = true;
    await sleep(options.retryMs);
  }
}

/** {@link withLock} without the wait. @returns `undefined` where another process holds the lock. */
export async function tryWithLock<T>(
  path: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const { signal, lost, isRemoved } = options;
  const taken = new AbortController();
  const release = await tryLock(path, options, (error) => {
    if (isRemoved?.() !== true) taken.abort(error);
  });
  if (release === undefined) return undefined;
  const either = anySignal(signal, taken.signal);
  try {
    const value = await work(either);
    if (taken.signal.aborted) throw taken.signal.reason;
    return { value };
  } catch (error) {
    throw taken.signal.aborted ? lost(error) : error;
  } finally {
    // Gone with its folder after a removal.
    await release().catch(() => undefined);
  }
}

async function tryLock(
  path: string,
  { notMade }: LockOptions,
  onCompromised: (error: Error) => void,
): Promise<(() => Promise<void>) | undefined> {
  // Most commands take no lock: it is loaded by those that do.
  const { lock } = (await import("proper-lockfile")).default;
  try {
    // The library keeps locks by this name: two locks of one folder need two.
    return await lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: SIGN_OF_LIFE_MS,
      onCompromised,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ELOCKED") return undefined;
    throw notMade === undefined ? error : await notMade(error);
  }
}
