import { CcoError, RunError, type RunResult } from "@cco/exec";

export type TmuxErrorCode =
  /** tmux is not installed where the runner runs. */
  | "TMUX_MISSING"
  /** tmux is older than {@link MINIMUM_TMUX}. */
  | "TMUX_TOO_OLD"
  /** No server listens on the socket, or it ended during the call. */
  | "NO_SERVER"
  /** The session, window, pane, client or buffer is not there. */
  | "NOT_FOUND"
  /** A session of that name is there already. */
  | "SESSION_EXISTS"
  /** The window is too small for one more pane. */
  | "NO_SPACE"
  /** Any other refusal of tmux; its words are in the message. */
  | "TMUX_FAILED";

export class TmuxError extends CcoError<TmuxErrorCode> {
  override readonly name = "TmuxError";
}

const INSTALL_HINT =
  "install tmux 3.2 or newer, e.g. 'apt-get install tmux' or 'brew install tmux'";

/**
 * What tmux says, seen with 3.3a. tmux has no translated messages, so the match
 * needs no `LC_ALL=C`, which a new server would hand on to every pane.
 */
const REASONS: readonly (readonly [TmuxErrorCode, RegExp])[] = [
  ["NO_SERVER", /^(no server running on|error connecting to|server exited|lost server)/m],
  ["NOT_FOUND", /^(can't find|no such) (session|window|pane|client)/m],
  ["NOT_FOUND", /^(no buffer |no current (session|client|target))/m],
  ["SESSION_EXISTS", /^duplicate session/m],
  ["NO_SPACE", /no space for new pane|^pane too small/m],
];

/** The error for a tmux call that exited other than 0. */
export function tmuxFailed(subcommand: string, result: RunResult): TmuxError {
  const said = result.stderr.trim() || result.stdout.toString("utf8").trim();
  const reason = said || `exit code ${String(result.exitCode)}`;
  // 127 is what a shell of another place answers when it has no tmux.
  if (result.exitCode === 127) {
    return new TmuxError("TMUX_MISSING", `tmux: command not found (${reason})`, {
      hint: INSTALL_HINT,
    });
  }
  const code = REASONS.find(([, pattern]) => pattern.test(result.stderr))?.[0] ?? "TMUX_FAILED";
  return new TmuxError(code, `tmux ${subcommand} failed: ${reason}`, { hint: HINTS[code] });
}

/** What a runner threw, as an error of this package where it means "no tmux here". */
export function tmuxNotRun(error: unknown): unknown {
  if (!(error instanceof RunError) || error.code !== "COMMAND_NOT_FOUND") return error;
  return new TmuxError("TMUX_MISSING", "tmux: command not found", {
    hint: INSTALL_HINT,
    cause: error,
  });
}

const HINTS: Partial<Record<TmuxErrorCode, string>> = {
  NO_SPACE: "close a pane of that window, or make the terminal larger",
};
