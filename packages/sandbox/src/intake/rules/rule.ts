import type { Change } from "../changes.js";
import type { Rule } from "../tiers.js";

/** What a rule may know beside the change. */
export interface RuleContext {
  /** Files and folders of the worktree that the host's git runs as hooks, folded, relative to it. */
  readonly hookPaths: readonly string[];
  /** Sizes of the new objects. */
  readonly sizeOf: (sha: string) => number;
  readonly hugeBlobBytes: number;
}

/** Looks at one change and says what is remarkable, or `null`. */
export interface ChangeRule {
  readonly rule: Rule;
  /** Whether a new commit is looked at too where the result does not have the file any more. */
  readonly inHistory: boolean;
  readonly check: (change: Change, context: RuleContext) => string | null;
}

export const DELETED = "000000";
export const EXECUTABLE = "100755";
export const SYMLINK = "120000";
export const GITLINK = "160000";

/** A rule about files with such a path (folded: lower case) that are there afterwards. */
export function pathRule(
  rule: Rule,
  message: string,
  matches: (folded: string, context: RuleContext) => boolean,
  options: { deletions?: boolean; inHistory?: boolean } = {},
): ChangeRule {
  return {
    rule,
    inHistory: options.inHistory ?? true,
    check({ folded, newMode }, context) {
      if (newMode === DELETED && options.deletions !== true) return null;
      return matches(folded, context) ? message : null;
    },
  };
}

/** Whether a folded path is, or lies in a folder that is, named like one of `names`, at any depth. */
export function hasPart(folded: string, names: ReadonlySet<string>): boolean {
  return folded.split("/").some((part) => names.has(part));
}

/** The last part of a path. */
export function fileName(folded: string): string {
  return folded.slice(folded.lastIndexOf("/") + 1);
}
