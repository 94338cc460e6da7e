import { realpath } from "node:fs/promises";

import type { TmuxClient, TmuxCommand, WindowInfo } from "@cco/tmux";

import { BELL_FORMAT, MARKED_FORMAT, UNMARKED_FORMAT, hasBell } from "./names.js";
import { isWithin } from "./paths.js";
import { WORKTREE_OPTION, pathOf } from "./server.js";
import type { NotifyResult } from "./types.js";
import { allWindows } from "./windows.js";

/** What happens when somebody comes to look at a window. */
const VISITS = ["session-window-changed", "client-session-changed", "client-attached"];
/** A place of our own in the list of each hook: setting it again changes nothing else. */
const HOOK_INDEX = 7301;

/** See {@link Workspaces.notify}. */
export async function notifyWindow(tmux: TmuxClient, dir: string): Promise<NotifyResult> {
  try {
    const here = await realpath(dir).catch(() => dir);
    const window = windowAround(here, await allWindows(tmux));
    if (window === undefined) return { outcome: "no-window", detail: null };
    if (window.active) return { outcome: "active", detail: null };
    if (hasBell(window.name)) return { outcome: "already-marked", detail: null };
    await tmux.run([...VISITS.map(clearOnVisit), mark(window.windowId)]);
    return { outcome: "marked", detail: null };
  } catch (error) {
    return { outcome: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}

/** The window of the innermost worktree around a folder. */
function windowAround(dir: string, windows: readonly WindowInfo[]): WindowInfo | undefined {
  const depth = (window: WindowInfo) => (window.options[WORKTREE_OPTION] ?? "").length;
  return windows
    .filter((window) => {
      const worktree = window.options[WORKTREE_OPTION];
      return worktree !== undefined && isWithin(pathOf(worktree), dir);
    })
    .sort((a, b) => depth(b) - depth(a))[0];
}

function clearOnVisit(hook: string): TmuxCommand {
  const clear = `if-shell -F '${MARKED_FORMAT}' 'rename-window "${UNMARKED_FORMAT}"'`;
  return ["set-hook", "-g", `${hook}[${String(HOOK_INDEX)}]`, clear];
}

/** Asked again inside tmux: it may have become the active window since. */
function mark(windowId: string): TmuxCommand {
  const not = `#{||:#{window_active},${MARKED_FORMAT}}`;
  return [
    "if-shell",
    "-F",
    "-t",
    windowId,
    not,
    "",
    `rename-window -t ${windowId} '${BELL_FORMAT}'`,
  ];
}
