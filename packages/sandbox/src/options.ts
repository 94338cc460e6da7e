import type { NetworkPolicy, SandboxBackend } from "@cco/backend";
import type { CommandRunner } from "@cco/exec";
import type { Repo } from "@cco/git";

import type { AgentProfile } from "./agents/profile.js";
import type { SandboxEvent } from "./events.js";
import type { FindingTier, Session } from "./session.js";

/** The user's say in what intake lets through. */
export interface IntakeOptions {
  /** Tier of a rule instead of its default; a rule of tier `never` stays so. */
  readonly tiers?: Readonly<Record<string, FindingTier>>;
  /** Most bytes of one bundle from a guest. Default 2,000,000,000. */
  readonly maxBundleBytes?: number;
}

export interface SandboxOptions {
  /** Where new sessions go. */
  readonly backend: SandboxBackend;
  /** The backend of a session made elsewhere. Default: `backend` where name, host and box match. */
  readonly backendFor?: (session: {
    readonly backend: string;
    readonly host: string | null;
    readonly box: string;
  }) => Promise<SandboxBackend> | undefined;
  /** Runs git on the host. Default: an `ExecaRunner`. */
  readonly runner?: CommandRunner;
  /** Default `$XDG_DATA_HOME/cco`, or `~/.local/share/cco`. */
  readonly dataDir?: string;
  /**
   * Environment that the defaults of `dataDir` and `guestFiles` and the agents' keys are read from.
   * Default: this process's.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of the user's own files for every guest's home. Default `$XDG_CONFIG_HOME/cco/guest`. */
  readonly guestFiles?: string;
  /** `user@machine` that `backend` works on, written into new sessions. Default `null`. */
  readonly host?: string | null;
  /** The user's network configuration, over the agent profile's. */
  readonly network?: { readonly policy?: NetworkPolicy; readonly allow?: readonly string[] };
  /** Profiles beside the built-in ones; the same name replaces. */
  readonly agents?: readonly AgentProfile[];
  readonly intake?: IntakeOptions;
  readonly onEvent?: (event: SandboxEvent) => void;
}

export interface PrepareOptions {
  /** Any folder of a worktree of the repository. */
  readonly repoRoot: string;
  /** `repoRoot`'s repository where it is open already: to open it takes two calls of git. */
  readonly repo?: Repo;
  /** What `Sandbox.requireRunning` answers, where it was asked already. */
  readonly running?: Promise<void>;
  /** Called with the branch, and awaited beside the other checks: what it rejects with is the error. */
  readonly before?: (branch: string) => Promise<unknown>;
  /** Relative to `repoRoot`, or absolute. */
  readonly planPath: string;
  /** Default `"claude"`. */
  readonly agent?: string;
  readonly model?: string;
  readonly maxTurns?: number;
  /** Send uncommitted changes too, as a snapshot commit. Default `false`. */
  readonly withChanges?: boolean;
  /** Most commits of history to send, at least 2, or `"full"`. Default 100. */
  readonly depth?: number | "full";
  /** Somebody will look at the agent's terminal. Default `true`. */
  readonly tty?: boolean;
  /** How often it may be started once more, when its guest is lost, by who waits for it. Default 0. */
  readonly retries?: number;
  readonly signal?: AbortSignal;
}

export type PullStrategy = "ff" | "merge" | "rebase" | "squash";

export interface PullOptions {
  /** Default `"ff"`. */
  readonly strategy?: PullStrategy;
  /** Another or a new branch. Default: the session's (a session with changes: `cco/<id>`). */
  readonly to?: string;
  /** Rules of tier `block` that are let through. */
  readonly allow?: readonly string[];
  /** A shell command run on the result in a fresh guest before the branch moves. */
  readonly check?: string;
  /** Leave the guest's bytes. Default `false`. */
  readonly keep?: boolean;
  /** What there is so far, to the session's ref only; does not wait. Default `false`. */
  readonly snapshot?: boolean;
  /** Most milliseconds to wait for the end; `0` does not wait. Default 30 minutes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface LaunchAllOptions {
  /** Most of these sessions that run at once, at least 1. */
  readonly maxParallel: number;
  /** How one is started. Default: detached. */
  readonly launch?: (id: string) => Promise<Session>;
  /** Called with each session that was started, and with each that has ended meanwhile. */
  readonly onChange?: (session: Session) => void;
  readonly signal?: AbortSignal;
}

export interface CompareOptions {
  /** A shell command run on each result in a fresh guest. */
  readonly check?: string;
  /** Rules of tier `block` that are let through to the check. */
  readonly allow?: readonly string[];
  /** Most milliseconds for one check. Default 30 minutes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** `0` does not wait. Default: no limit. */
  readonly timeoutMs?: number;
}

export interface LogsOptions {
  /** Go on until the agent's end. Default `false`. */
  readonly follow?: boolean;
  /** Bytes as the agent wrote them, terminal escapes and all. Default `false`. */
  readonly raw?: boolean;
  /** Only the last lines. Default: all. */
  readonly tail?: number;
  readonly signal?: AbortSignal;
}
