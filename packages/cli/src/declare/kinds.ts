import { parseDuration } from "../duration.js";

/** Where the words come from that completion offers. */
export type Completion =
  | "session"
  | "branch"
  /** Local branches and those of remotes. */
  | "any-branch"
  /** Branches with a worktree. */
  | "workspace"
  | "backend"
  | "agent"
  | "config-key"
  | "files"
  | readonly string[];

/** What a value is: how it is called, read and completed. */
export interface ValueKind<T> {
  /** Stands for the value in help: `<duration>`. */
  readonly name: string;
  /** What to give, for somebody who gave something else. */
  readonly expects?: string;
  /** @returns `undefined` for what is none */
  readonly parse: (text: string) => T | undefined;
  readonly completes?: Completion;
}

/** Any text. */
export function text(name: string, completes?: Completion): ValueKind<string> {
  return { name, parse: (given) => given, ...(completes === undefined ? {} : { completes }) };
}

/** One of a few words. */
export function oneOf<const T extends string>(name: string, words: readonly T[]): ValueKind<T> {
  return {
    name,
    expects: `Give ${words.join(", ")}.`,
    parse: (given) => words.find((word) => word === given),
    completes: words,
  };
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number): ValueKind<number> {
  return {
    name: "n",
    expects: `Give a whole number of at least ${String(least)}.`,
    parse: (given) => {
      const number = /^\d{1,9}$/.test(given) ? Number(given) : NaN;
      return number >= least ? number : undefined;
    },
  };
}

export const SESSION = text("session", "session");
export const BRANCH = text("branch", "branch");
export const ANY_BRANCH = text("branch", "any-branch");
export const WORKSPACE = text("branch", "workspace");
export const BACKEND = text("name", "backend");
export const AGENT = text("name", "agent");

/** `90s`, `30m`, `2h` or `0`, as milliseconds. */
export const DURATION: ValueKind<number> = {
  name: "duration",
  expects: "Give 90s, 30m, 2h or 0.",
  parse: parseDuration,
};

/** Commits of history: at least 2 (git's own shallow boundary needs a parent), or all. */
export const DEPTH: ValueKind<number | "full"> = {
  name: "n|full",
  expects: "Give a whole number of at least 2, or full.",
  parse: (given) => (given === "full" ? given : wholeNumber(2).parse(given)),
};
