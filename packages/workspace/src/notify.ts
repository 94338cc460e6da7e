import { realpath } from "node:fs/promises";

import type { TmuxClient, WindowInfo } from "@cco/tmux";

import { ringCommands } from "./bell.js";
import { hasBell } from "./names.js";
import { isWithin } from "./paths.js";
import { WORKTREE_OPTION, pathOf } from "./server.js";
import type { NotifyResult } from "./types.js";
import { allWindows } from "./windows.js";

type Marked = Pick<NotifyResult, "outcome" | "detail">;

/** Put a bell on the window of the worktree that `dir` is in. Never throws. */
export async function markWindow(tmux: TmuxClient, dir: string): Promise<Marked> {
  try {
    const here = await realpath(dir).catch(() => dir);
    const window = windowAround(here, await allWindows(tmux));
    if (window === undefined) return { outcome: "no-window", detail: null };
    if (window.active) return { outcome: "active", detail: null };
    if (hasBell(window.name)) return { outcome: "already-marked", detail: null };
    await tmux.run(ringCommands(window.windowId));
    return { outcome: "marked", detail: null };
  } catch (error) {
    return { outcome: "failed", detail: wordsOf(error) };
  }
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
