/** Timing of programs, side by side. */
import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/**
 * Milliseconds that a program took.
 *
 * @param {readonly string[]} argv
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @throws {Error} it failed: the time of a failure is not a figure
 */
export function timed(argv, options = {}) {
  const start = performance.now();
  const output = runOrThrow(argv, options);
  return { ms: performance.now() - start, output };
}

/**
 * @param {readonly string[]} argv
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {string} stdout
 */
export function runOrThrow(argv, options = {}) {
  const [file = "", ...args] = argv;
  const { status, error, stdout, stderr } = spawnSync(file, args, {
    ...options,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${argv.join(" ")}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Measure `a` and `b` in turn, so that whatever slows the machine slows both.
 *
 * @param {() => number} a
 * @param {() => number} b
 * @param {number} rounds
 * @returns {{ a: number, b: number, ratio: number }} medians in milliseconds, median of the ratios
 */
export function paired(a, b, rounds) {
  a();
  b();
  const pairs = Array.from({ length: rounds }, (_, round) => {
    if (round % 2 === 0) return { a: a(), b: b() };
    const second = b();
    return { a: a(), b: second };
  });
  return {
    a: median(pairs.map((pair) => pair.a)),
    b: median(pairs.map((pair) => pair.b)),
    ratio: median(pairs.map((pair) => pair.a / pair.b)),
  };
}
