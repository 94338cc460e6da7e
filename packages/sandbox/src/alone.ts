import type { Engine } from "./engine.js";
import { withLock } from "./lock.js";

const LOCK_RETRY_MS = 100;

/** One at a time may take in, land, start once more or remove a session. @param work stops when its signal is aborted */
export function alone<T>(
  engine: Engine,
  id: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const onWait = (): void => {
    engine.note("waiting-for-lock", id, "another cco works on this session; waiting for it");
  };
  const options = { retryMs: LOCK_RETRY_MS, signal, onWait };
  return withLock(engine.store.path(id, "pull.lock"), options, work);
}
