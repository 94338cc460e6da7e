import { quoteArgv } from "@cco/exec";
import type { TmuxCommand } from "@cco/tmux";

import { BELL_FORMAT, MARKED_FORMAT, UNMARKED_FORMAT } from "./names.js";

/** What happens when somebody comes to look at a window. */
const VISITS = ["session-window-changed", "client-session-changed", "client-attached"];
/** A place of our own in the list of each hook: setting it again changes nothing else. */
const HOOK_INDEX = 7301;

/** Asked again inside tmux: it may have become the active window since. */
const NO_BELL_NEEDED = `#{||:#{window_active},${MARKED_FORMAT}}`;

/** Hooks of the server: visiting a window takes its bell off. */
const CLEAR_ON_VISIT: readonly TmuxCommand[] = VISITS.map((hook) => [
  ...["set-hook", "-g", `${hook}[${String(HOOK_INDEX)}]`],
  `if-shell -F '${MARKED_FORMAT}' 'rename-window "${UNMARKED_FORMAT}"'`,
]);

/** Put the bell on a window, unless it is the active one. */
export function ringCommands(windowId: string): readonly TmuxCommand[] {
  const rename = `rename-window -t ${windowId} '${BELL_FORMAT}'`;
  return [...CLEAR_ON_VISIT, ["if-shell", "-F", "-t", windowId, NO_BELL_NEEDED, "", rename]];
}

/**
 * `argv` for a pane; when it has ended, the bell goes on the window that the pane is in by
 * then, and `then` runs. The pane's own process does it, so that no daemon is needed and
 * nothing depends on the `cco` that opened the pane. tmux's `pane-died` alone would not do:
 * with libutempter it is lost now and then.
 *
 * @param then a program to run last, its words thrown away.
 */
export function ringingArgv(argv: readonly string[], then: readonly string[] = []): string[] {
  const hooks = CLEAR_ON_VISIT.map((command) => `${quoteArgv(command)} ';'`).join(" ");
  const rename = `"rename-window -t $TMUX_PANE '${BELL_FORMAT}'"`;
  const ring = `tmux -u ${hooks} if-shell -F -t "$TMUX_PANE" '${NO_BELL_NEEDED}' '' ${rename}`;
  const script = [
    '"$@"',
    "code=$?",
    `[ -z "\${TMUX_PANE-}" ] || ${ring} >/dev/null 2>&1 </dev/null`,
    ...(then.length === 0 ? [] : [`${quoteArgv(then)} >/dev/null 2>&1 </dev/null`]),
    'exit "$code"',
  ];
  return ["sh", "-c", script.join("\n"), "sh", ...argv];
}
