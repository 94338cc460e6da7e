import { fileURLToPath } from "node:url";

import type { CommandRunner } from "@cco/exec";
import { TmuxClient } from "@cco/tmux";

import { workspacePaths, type Environment } from "./paths.js";

/** A repository's tmux session carries the main worktree's path. */
export const REPO_OPTION = "@cco-repo";
/** A workspace's window carries its branch and its worktree's path. */
export const BRANCH_OPTION = "@cco-branch";
export const WORKTREE_OPTION = "@cco-worktree";
/** `started`, or `pending` where set-up has to succeed first. */
export const AGENT_OPTION = "@cco-agent";
/** A pane that shows a sandbox session carries its id. */
export const SESSION_OPTION = "@cco-session";

/** git sets these for hooks and aliases; a tmux server would hand them on to every shell for ever. */
const GIT_VARIABLES = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_PREFIX",
  "GIT_COMMON_DIR",
];

/** A client of the server `cco`, started with cco's own configuration and the person's additions. */
export function ccoTmux(
  runner: CommandRunner,
  env: Environment,
  options: { answerWithinMs?: number } = {},
): TmuxClient {
  return new TmuxClient(runner, {
    ...options,
    socketName: "cco",
    configFile: fileURLToPath(new URL("./cco-tmux.conf", import.meta.url)),
    env: {
      ...withoutGit(),
      // `source-file` takes a pattern.
      CCO_TMUX_CONF: workspacePaths(env).tmuxConf.replace(/[[\]*?\\]/g, "\\$&"),
    },
  });
}

/** Variables to take away from programs that cco starts in a worktree. */
export function withoutGit(): Record<string, undefined> {
  return Object.fromEntries(GIT_VARIABLES.map((name) => [name, undefined]));
}

/**
 * A path as the value of a tmux option: newer tmux escapes control characters where it
 * prints them, so they are kept out, and `%` with them.
 */
export function optionValue(path: string): string {
  return path.replace(/[%\p{Cc}]/gu, (char) => encodeURIComponent(char));
}

/** What {@link optionValue} made of a path. */
export function pathOf(value: string): string {
  return decodeURIComponent(value);
}
