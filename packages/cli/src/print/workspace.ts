import type { AddResult, RemoveResult, WorkspaceEntry } from "@cco/workspace";
import type { Session } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import { table } from "../output/table.js";
import type { Paint } from "../output/talk.js";
import { stateOf } from "./sessions.js";

/** What `cco add` made, or found. */
export function addedText(added: AddResult): string {
  const { created } = added;
  const made = [
    created.branch ? "branch" : "",
    created.worktree ? "worktree" : "",
    created.window ? "window" : "",
  ].filter((part) => part !== "");
  const what = made.length === 0 ? "was there already" : `made ${made.join(", ")}`;
  return safeLine(`Workspace ${added.branch}: ${what}. ${added.worktree}`);
}

/** What `cco rm` removed. */
export function removedText(removed: readonly RemoveResult[]): string {
  const lines = removed.map(({ branch, worktree, window, branchTip }) => {
    const parts = [
      worktree === null ? "" : "worktree",
      window ? "window" : "",
      branchTip === null ? "" : `branch (was ${branchTip.slice(0, 10)})`,
    ].filter((part) => part !== "");
    return safeLine(`Workspace ${branch}: removed ${parts.join(", ") || "nothing"}.`);
  });
  const leaveTo = removed.find((one) => one.leaveTo !== null)?.leaveTo;
  return [
    ...lines,
    ...(leaveTo === undefined || leaveTo === null ? [] : [safeLine(`Go on in ${leaveTo}.`)]),
  ].join("\n");
}

/** Workspaces as a table. */
export function workspaceTable(entries: readonly WorkspaceEntry<Session>[], paint: Paint): string {
  const rows = entries.map(({ branch, worktree, window, ahead, behind, dirty, sessions }) => [
    branch ?? "(no branch)",
    window ?? "",
    distance(ahead, behind),
    dirty === null ? "?" : dirty ? "dirty" : "",
    sessions.map((session) => `${session.sessionId} ${stateOf(session)}`).join(", "),
    worktree,
  ]);
  return table(
    ["BRANCH", "WINDOW", "AHEAD/BEHIND", "CHANGES", "SESSIONS", "WORKTREE"],
    rows,
    paint,
  );
}

function distance(ahead: number | null, behind: number | null): string {
  return ahead === null || behind === null ? "" : `+${String(ahead)} -${String(behind)}`;
}
