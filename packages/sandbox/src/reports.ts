import type { BackendDescription, BackendStatus, NetworkPolicy } from "@cco/backend";

import type { Finding, Session } from "./session.js";

/** `prepare`'s answer: the session, and the argv that starts and shows it. */
export type PreparedSession = Session & {
  /** `command` as an argv for the host. */
  readonly launchArgv: readonly string[];
};

export interface Landed {
  readonly branch: string;
  /** Where it was, or `null` for a new branch. */
  readonly from: string | null;
  readonly tip: string;
}

/** `pull`'s answer: the session, and what became of its commits. */
export type PulledSession = Session & {
  /** `null` where nothing moved: a snapshot, no commits, already pulled. */
  readonly landed: Landed | null;
  readonly alreadyPulled: boolean;
};

export interface DiffCommit {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
  /** ISO 8601. */
  readonly date: string;
}

export interface DiffFile {
  readonly path: string;
  /** git's letter: `A`, `M`, `D`, `T`. */
  readonly status: string;
  /** Lines; `null` for a binary file. */
  readonly added: number | null;
  readonly removed: number | null;
}

/** What pull would bring. */
export interface DiffReport {
  readonly sessionId: string;
  readonly base: string;
  readonly tip: string;
  readonly commits: readonly DiffCommit[];
  readonly files: readonly DiffFile[];
  readonly findings: readonly Finding[];
}

/** How a check ended; `message` says what went wrong. */
export interface CheckOutcome {
  readonly ok: boolean;
  readonly message: string | null;
}

/** One session beside others. */
export interface ComparedSession {
  readonly session: Session;
  readonly changes: {
    readonly commits: number;
    readonly files: number;
    /** Lines of text files. */
    readonly added: number;
    readonly removed: number;
  };
  readonly findings: readonly Finding[];
  /** `null` where none was asked for, or there is nothing to check. */
  readonly check: CheckOutcome | null;
}

export interface GcItem {
  readonly kind: "session" | "guest" | "exchange";
  readonly id: string;
  /**
   * `pulled`, `orphaned`, `expired`; kept: `unpulled`, `unreadable`, `unreachable`, or its state; in a dry
   * run `not-looked-into`, too: what it saved is where a look starts something (a pod at a volume).
   */
  readonly why: string;
}

export interface GcReport {
  /** Removed, or with `dryRun` what would be. */
  readonly removed: readonly GcItem[];
  readonly kept: readonly GcItem[];
}

export interface BoxReport {
  readonly backend: string;
  readonly host: string | null;
  readonly name: string;
  readonly status: BackendStatus;
  readonly version: string | null;
  readonly network: { readonly policy: NetworkPolicy; readonly enforcedBy: string };
  readonly disk: BackendDescription["disk"];
  readonly memory: BackendDescription["memory"];
  /** Milliseconds that the clock of the box's machine is ahead, or `null`: it is the host's own. */
  readonly clockDifferenceMs: number | null;
  /** Sessions of this box that are not pulled. */
  readonly sessions: number;
}
