import type { Parts } from "./compose.js";
import type { ExitCode } from "./exit-codes.js";
import type { Globals } from "./globals.js";
import type { Streams } from "./output/streams.js";
import type { Paint, Talk } from "./output/talk.js";
import type { Signals } from "./signals.js";

/** What a command has to work with. */
export interface Context {
  readonly globals: Globals;
  readonly streams: Streams;
  readonly talk: Talk;
  readonly signals: Signals;
  /** Aborted by Ctrl-C and by TERM. */
  readonly signal: AbortSignal;
  /** Aborted when nobody reads stdout any more: only what streams needs to stop for that. */
  readonly readerGone: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Where relative paths of the command line start. */
  readonly cwd: string;
  readonly parts: Parts;
}

/** What a command hands back; printing it is not its own work. */
export interface CommandResult {
  /** The value of `--json`. `undefined`: the command wrote its own stream, nothing is left to print. */
  readonly json: unknown;
  /** For people, without a final newline; `""` prints nothing. */
  readonly text: (paint: Paint) => string;
  /** What `-q` prints, one on a line. Default: `text`. */
  readonly ids?: readonly string[];
  /** Default 0. */
  readonly exitCode?: ExitCode;
}
