import type { CommandRunner } from "@cco/exec";

import type { SandboxBackend } from "../port.js";

/** A backend to be put through the suite, with what the suite needs around it. */
export interface ConformanceSubject {
  readonly backend: SandboxBackend;
  /** Runs programs of this machine: viewers of a terminal in tmux, git. */
  readonly host: CommandRunner;
  /** A folder of this machine for this run alone; short, for unix sockets. */
  readonly tempDir: string;
  /** A value that stands in a variable of the backend's caller, and nowhere else but in `callerFile`. */
  readonly callerSecret: string;
  /** A file of the caller's on this machine, outside `tempDir`, that holds `callerSecret`. */
  readonly callerFile: string;
  /** The place is this machine: its loopback and processes are the suite's own. */
  readonly placeIsHost: boolean;
  /** A guest is given programs of this machine; else it has its image's own. Default: `placeIsHost`. */
  readonly programsAreHosts?: boolean;
  /**
   * End a guest's agent as a crash of its supervisor, terminal server or machine would:
   * from outside, without a word to the backend. Left out where nothing can.
   */
  readonly kill?: (guestId: string) => Promise<void>;
  /** Undo what making it took. Guests are closed by then. */
  readonly dispose?: () => Promise<void>;
}

export interface ConformanceOptions {
  /** Called once, before the first case. The box is created and started by the suite. */
  readonly make: () => Promise<ConformanceSubject>;
  /** Why this backend cannot be tried here; every case is then skipped, by this name. */
  readonly unavailable?: string | undefined;
}
