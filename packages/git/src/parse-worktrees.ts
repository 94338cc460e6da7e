import { parseNul } from "./parse.js";

/** One worktree as `git worktree list` shows it. */
export interface ListedWorktree {
  readonly path: string;
  /** Its commit; `null` for a bare repository or an unborn branch. */
  readonly commit: string | null;
  /** The branch checked out, without `refs/heads/`. */
  readonly branch: string | null;
  readonly bare: boolean;
  readonly detached: boolean;
  /** Why it is locked (may be empty), or `null` when it is not. */
  readonly locked: string | null;
  /** Why it can be pruned (its folder is gone), or `null`. */
  readonly prunable: string | null;
}

/** Output of `git worktree list --porcelain -z`: attributes end with NUL, records with one more. */
export function parseWorktrees(output: Buffer): ListedWorktree[] {
  const records: Map<string, string>[] = [];
  let record: Map<string, string> | undefined;
  for (const value of parseNul(output)) {
    if (value === "") {
      record = undefined;
      continue;
    }
    if (record === undefined) {
      record = new Map<string, string>();
      records.push(record);
    }
    const space = value.indexOf(" ");
    record.set(space < 0 ? value : value.slice(0, space), space < 0 ? "" : value.slice(space + 1));
  }
  return records.map(toWorktree);
}

function toWorktree(record: ReadonlyMap<string, string>): ListedWorktree {
  const commit = record.get("HEAD") ?? "";
  return {
    path: record.get("worktree") ?? "",
    commit: /[1-9a-f]/.test(commit) ? commit : null,
    branch: record.get("branch")?.replace(/^refs\/heads\//, "") ?? null,
    bare: record.has("bare"),
    detached: record.has("detached"),
    locked: record.get("locked") ?? null,
    prunable: record.get("prunable") ?? null,
  };
}
