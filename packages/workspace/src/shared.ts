import type { CommandRunner } from "@cco/exec";
import type { TmuxClient } from "@cco/tmux";

import type { WorkspacePaths } from "./paths.js";
import type { WorkspaceEvent } from "./types.js";

/** What every part of this package works with. */
export interface Shared {
  readonly runner: CommandRunner;
  readonly tmux: TmuxClient;
  readonly paths: WorkspacePaths;
  /** `$TMUX` and `$TMUX_PANE` of the caller. */
  readonly callersTmux: string | undefined;
  readonly callersPane: string | undefined;
  readonly emit: (event: WorkspaceEvent) => void;
}
