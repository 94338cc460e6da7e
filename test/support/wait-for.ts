import { setTimeout as delay } from "node:timers/promises";

export interface WaitForOptions {
  /** Milliseconds until it gives up. Generous: it costs nothing when the condition comes. Default 50,000. */
  readonly timeoutMs?: number;
  /** What is waited for, for the error. */
  readonly what?: string;
}

/**
 * Wait until `condition` gives something other than `undefined`, `null` or `false`, and
 * return that. What it throws counts as "not yet".
 *
 * @throws after the time limit, with the last thing seen.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + (options.timeoutMs ?? 50_000);
  let last: unknown;
  do {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await delay(20);
  } while (Date.now() < deadline);
  const seen = last instanceof Error ? last.message : JSON.stringify(last);
  throw new Error(`waited in vain for ${options.what ?? "a condition"}; last seen: ${seen}`);
}
