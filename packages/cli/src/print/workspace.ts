import type { AddResult } from "@cco/workspace";

import { safeLine } from "../output/safe-text.js";

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
