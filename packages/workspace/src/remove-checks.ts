import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { Worktrees, type Branch, type Repo, type Worktree } from "@cco/git";
import type { WindowInfo } from "@cco/tmux";

import { unmergedCommits } from "./base.js";
import { isUntouched } from "./carry.js";
import type { Refusal, RefusalReason } from "./errors.js";
import { readState } from "./state.js";
import type { RemoveOptions, WorkspaceSession } from "./types.js";

/** What there is of one workspace. */
export interface Target {
  readonly branch: string;
  readonly worktree: Worktree | null;
  /** cco made the worktree. */
  readonly own: boolean;
  readonly window: WindowInfo | null;
  readonly ref: Branch | null;
}

/** All that removing `target` would lose. */
export async function refusalsOf(
  repo: Repo,
  target: Target,
  worktrees: readonly Worktree[],
  sessions: readonly WorkspaceSession[],
  options: RemoveOptions,
): Promise<Refusal[]> {
  const { branch, worktree, own } = target;
  const refusals: Refusal[] = [];
  const refuse = (reason: RefusalReason, detail: string, forcible = true): void => {
    refusals.push({ branch, reason, detail, forcible });
  };
  if (worktree !== null && !own && (target.window === null || options.deleteBranch !== undefined)) {
    refuse("not-ours", `cco did not make the worktree ${worktree.path}`, false);
    return refusals;
  }
  if (own && worktree?.prunable === null) {
    if (worktree.locked !== null) refuse("locked", worktree.locked || "the worktree is locked");
    if (worktree.operation !== null) refuse("operation", `a ${worktree.operation} is under way`);
    const lost = await lostFiles(repo, worktree.path);
    if (lost.uncommitted.length > 0) refuse("uncommitted", named("uncommitted", lost.uncommitted));
    if (lost.untracked.length > 0) refuse("untracked", named("untracked", lost.untracked));
  }
  for (const { sessionId, state, pulled } of sessions) {
    if (state === "running") refuse("running-session", `session ${sessionId} is running`);
    else if (!pulled && ENDED.includes(state)) {
      refuse("unpulled-work", `session ${sessionId} is not pulled`);
    }
  }
  if (options.deleteBranch === "merged" && target.ref !== null) {
    const count = await unmergedCommits(repo, target.ref, worktrees);
    const noun = count === 1 ? "commit is" : "commits are";
    if (count > 0) refuse("unmerged", `${String(count)} ${noun} not merged`);
  }
  return refusals;
}

/** States in which a session's box may hold work. */
const ENDED = ["succeeded", "failed", "cancelled"];

/** What is uncommitted or untracked, but for files that cco carried in and nobody changed. */
async function lostFiles(
  repo: Repo,
  path: string,
): Promise<{ uncommitted: string[]; untracked: string[] }> {
  const [status, worktree] = await Promise.all([
    new Worktrees(repo).status(path),
    repo.worktree(path),
  ]);
  const { carried } = await readState(worktree);
  const untracked: string[] = [];
  for (const entry of status.entries.filter((one) => one.kind === "untracked")) {
    for (const file of await filesOf(path, entry.path, Object.keys(carried))) {
      const mark = carried[file];
      if (mark === undefined || !(await isUntouched(path, file, mark))) untracked.push(file);
    }
  }
  const tracked = status.entries.filter((entry) => entry.kind !== "untracked");
  return { uncommitted: tracked.map((entry) => entry.path), untracked };
}

/** git names a wholly untracked folder only: its files where a carried one is among them. */
async function filesOf(
  worktree: string,
  entry: string,
  carried: readonly string[],
): Promise<string[]> {
  if (!entry.endsWith("/") || !carried.some((file) => file.startsWith(entry))) return [entry];
  const inside = await readdir(join(worktree, entry), { recursive: true, withFileTypes: true });
  return inside
    .filter((one) => !one.isDirectory())
    .map((one) => join(one.parentPath, one.name).slice(worktree.length + 1));
}

function named(kind: string, files: readonly string[]): string {
  const shown = files.slice(0, 3).join(", ");
  const noun = files.length === 1 ? "file" : "files";
  return `${String(files.length)} ${kind} ${noun}: ${shown}${files.length > 3 ? ", …" : ""}`;
}
