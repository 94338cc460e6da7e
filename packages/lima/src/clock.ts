import type { CommandRunner } from "@cco/exec";

/** A difference that is worth a correction: builds and TLS start to mind. */
const CLOCK_TOLERANCE_MS = 2_000;

/** Its output is a number of milliseconds since 1970; where `date` has no `%N`, whole seconds. */
const ASK = 'now=$(date +%s%3N); case $now in *N*) now=$(date +%s)000 ;; esac; echo "$now"';

/**
 * How far the machine's clock is ahead of this one's at least, milliseconds: nobody knows when on
 * the way the machine looked at it. `null` where it does not say.
 */
export async function clockDifference(runner: CommandRunner): Promise<number | null> {
  const before = Date.now();
  const result = await runner.run(["sh", "-c", ASK]);
  const after = Date.now();
  const there = Number(result.stdout.toString("utf8").trim());
  if (result.exitCode !== 0 || !Number.isSafeInteger(there) || there === 0) return null;
  if (there > after) return there - after;
  return Math.min(0, there - before);
}

/**
 * Set a machine's clock to this one's where it is further off than what matters, as after the
 * host slept.
 *
 * @returns the difference that was mended, else `null`.
 */
export async function mendClock(runner: CommandRunner): Promise<number | null> {
  const difference = await clockDifference(runner);
  if (difference === null || Math.abs(difference) < CLOCK_TOLERANCE_MS) return null;
  const set = '[ "$(id -u)" = 0 ] && exec date -u -s "@$1"; exec sudo -n date -u -s "@$1"';
  const seconds = (Date.now() / 1000).toFixed(3);
  const result = await runner.run(["sh", "-c", set, "clock", seconds]);
  return result.exitCode === 0 ? difference : null;
}
