import { CcoError } from "@cco/exec";

export type CliErrorCode =
  /** The command line is wrong. */
  | "USAGE"
  | "CONFIG_INVALID"
  | "CONFIG_UNREADABLE"
  | "CONFIG_EXISTS"
  /** A backend that is known by name and not built yet, or not known at all. */
  | "BACKEND_UNKNOWN"
  /** The command needs a terminal and has none. */
  | "NOT_A_TERMINAL"
  /** The terminal belongs to a tmux server that is not cco's. */
  | "INSIDE_OTHER_TMUX"
  /** tmux did not show a workspace. */
  | "ATTACH_FAILED"
  /** Outside of a repository, and several could be meant. */
  | "WHICH_REPOSITORY"
  /** Outside of a repository, and none has an open workspace. */
  | "NO_OPEN_WORKSPACE"
  /** stdout takes nothing more. */
  | "OUTPUT_FAILED"
  | "INTERRUPTED"
  | "TERMINATED";

/** What the command line itself refuses; everything else comes from the packages. */
export class CliError extends CcoError<CliErrorCode> {
  override readonly name = "CliError";
}
