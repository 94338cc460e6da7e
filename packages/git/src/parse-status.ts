import { parseNul } from "./parse.js";

export interface StatusEntry {
  /** Relative to the worktree's top; an untracked folder ends with `/`. */
  readonly path: string;
  readonly kind: "modified" | "conflicted" | "untracked";
}

/** What is uncommitted in a worktree. */
export interface WorktreeStatus {
  readonly dirty: boolean;
  /** Tracked files that differ from HEAD, in the index or on disk, conflicts included. */
  readonly modified: number;
  /** Untracked files and wholly untracked folders, not the ignored ones. */
  readonly untracked: number;
  readonly entries: readonly StatusEntry[];
}

/** Output of `git status --porcelain=v2 -z --no-renames`. */
export function parseStatus(output: Buffer): WorktreeStatus {
  const entries: StatusEntry[] = [];
  const values = parseNul(output);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? "";
    const type = value.slice(0, 2);
    if (type === "1 ") entries.push({ kind: "modified", path: afterFields(value, 8) });
    else if (type === "2 ") {
      entries.push({ kind: "modified", path: afterFields(value, 9) });
      at += 1; // a rename that the index already holds has its old path as one more value
    } else if (type === "u ") entries.push({ kind: "conflicted", path: afterFields(value, 10) });
    else if (type === "? ") entries.push({ kind: "untracked", path: value.slice(2) });
  }
  const untracked = entries.filter((entry) => entry.kind === "untracked").length;
  return {
    dirty: entries.length > 0,
    modified: entries.length - untracked,
    untracked,
    entries,
  };
}

/** What follows the first `count` space-separated fields. */
function afterFields(value: string, count: number): string {
  let at = 0;
  for (let field = 0; field < count; field += 1) at = value.indexOf(" ", at) + 1;
  return value.slice(at);
}
