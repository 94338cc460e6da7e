import { InvalidArgumentError } from "commander";

import type { CommandResult, Context } from "../context.js";
import { parseDuration } from "../duration.js";

/** Runs one command's work with what it needs, and prints what it hands back. */
export type Run = (work: (context: Context) => Promise<CommandResult>) => Promise<void>;

/** The examples below a command's help. */
export function example(...lines: readonly string[]): string {
  return `\nExample${lines.length > 1 ? "s" : ""}:\n${lines.map((line) => `  $ ${line}`).join("\n")}`;
}

/** For an option that takes `90s`, `30m`, `2h` or `0`. @returns milliseconds */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError("Give 90s, 30m, 2h or 0.");
  return ms;
}

/** For an option that takes a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= least) return value;
    throw new InvalidArgumentError(`Give a whole number of at least ${String(least)}.`);
  };
}

/** For `--depth`: at least 2 commits, or all. */
export function depth(text: string): number | "full" {
  return text === "full" ? "full" : wholeNumber(2)(text);
}

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
