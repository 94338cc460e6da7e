import type { Writable } from "node:stream";

import type { OutputSink, RunResult, StdinSource } from "@cco/exec";

/**
 * - `none`: only the guest's own loopback.
 * - `allowlist`: the hosts named in `allow`, and nothing else.
 * - `open`: the internet, through a proxy; never the host's loopback or its own addresses.
 */
export type NetworkPolicy = "none" | "allowlist" | "open";

export interface GuestNetwork {
  readonly policy: NetworkPolicy;
  /**
   * `example.com`, `*.example.com`, each with an optional `:port`; or a loopback
   * `127.0.0.1:4010` of the place, reachable under any policy only by standing here.
   */
  readonly allow: readonly string[];
}

/** What a backend enforces; what it cannot promise it must not list. */
export interface BackendPromises {
  readonly networkPolicies: readonly NetworkPolicy[];
  /** Who enforces the network policy, in words for `box status`. */
  readonly networkEnforcedBy: string;
  /** No process of a session outlives its end. */
  readonly reapsProcesses: boolean;
  /** A guest sees and reaches no process but its own: each has a process namespace. */
  readonly separatesProcesses: boolean;
  /** The agent's end is seen from outside the guest; else it is the guest's claim. */
  readonly observesEnd: boolean;
  /** The terminal's server is outside the guest's reach. */
  readonly terminalOutside: boolean;
  /** A running session goes on after the host restarts. */
  readonly survivesHostRestart: boolean;
  /** A guest's API key can stay outside of it (`GuestOptions.relay`). Default `false`. */
  readonly relaysKeys?: boolean;
  /** The agent's secret variables have a place of their own (`GuestOptions.secrets`). Default `false`. */
  readonly keepsSecrets?: boolean;
}

export type BackendStatus = "missing" | "stopped" | "running" | "broken";

/** One finding of {@link SandboxBackend.check}. */
export interface BackendCheck {
  /** The thing looked at: `bubblewrap`, `user namespaces`, `tmux`. */
  readonly name: string;
  readonly ok: boolean;
  /** What was found: a version, or what is wrong. */
  readonly detail: string;
  /** The command that mends it, where `ok` is false. */
  readonly fix?: string;
}

export interface BackendCreateOptions {
  readonly signal?: AbortSignal;
  /** One line of progress. */
  readonly onProgress?: (line: string) => void;
  /** Absolute path of a file to make the box from, for backends that have a `template`. */
  readonly template?: string;
}

/** What {@link SandboxBackend.setUp} did. */
export interface SetUpReport {
  /** Version of the set-up before, `null` where there was none, and now. */
  readonly before: string | null;
  readonly version: string;
  /** A line for each change; none where all was there. */
  readonly changed: readonly string[];
  /** Programs that could not be had. */
  readonly missing: readonly string[];
}

/** A file to put into a box or a guest. */
export interface GuestFile {
  /** Absolute in the guest, or relative to its home. */
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Permission bits. Default 0o644. */
  readonly mode?: number;
}

/** What a guest is made with. Kept by the backend: a later `openGuest` without it gets the same. */
export interface GuestOptions {
  /**
   * Programs, by name or absolute path in the place, that the guest must be able
   * to start beside the system's own.
   */
  readonly programs?: readonly string[];
  /** Default `{ policy: "none", allow: [] }`. */
  readonly network?: GuestNetwork;
  /** Variables of every program in the guest. Never a secret: these are written down. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Run once in the guest (or a fresh one over the same bytes) after the agent's
   * end, without a terminal or a network, for at most ten minutes.
   */
  readonly afterEnd?: readonly string[];
  /** What the supervisor knows of the agent's turns; a backend puts `turnScript` of it into `box.sh`. */
  readonly turns?: TurnRules;
  /** Only for a backend that promises `relaysKeys`. */
  readonly relay?: GuestRelay;
  /**
   * Only for a backend that promises `keepsSecrets`: the text of a file that the agent alone can read, whose path is in
   * its `$CCO_SECRETS`, for as long as the guest is there. Kept in no record, argument or log.
   */
  readonly secrets?: string;
  /** Only for a backend whose {@link Salvage} has a `store`. */
  readonly save?: GuestSave;
}

/** What a guest keeps outside of itself while its agent works, and once more after the end. */
export interface GuestSave {
  /** Run in the workspace; what it prints is kept whole, or not at all. */
  readonly argv: readonly string[];
  /** Which start of the session this is, from 1: a guest that was taken for dead overwrites nothing of a later one. */
  readonly attempt: number;
}

/** What is looked for on an agent's screen and in its output, and how it goes on after a usage limit. */
export interface TurnRules {
  /** Typed into an agent that still runs. */
  readonly text?: string;
  /** Started in place of one that exited with a code other than 0. */
  readonly again?: readonly string[];
  /** Names of variables, secret, of whoever launches it: its terminal's server gets none of them. */
  readonly withoutEnv?: readonly string[];
  /** Extended regular expressions (grep -E) of a usage limit in the output of one that exited. */
  readonly limitPatterns?: readonly string[];
  /**
   * The same of a question on its screen, one space between words, that only a person answers. Looked
   * for until the agent first says how its turn stands.
   */
  readonly dialogPatterns?: readonly string[];
  /** The same where it asks for a login or has none. */
  readonly loginPatterns?: readonly string[];
}

/**
 * An API whose key stays outside the guest: what the guest sends to `port` of its own loopback goes to
 * `target` and nowhere else, with `headers` in it.
 */
export interface GuestRelay {
  readonly port: number;
  /** `https://api.example.com`, with a path where the API has one. */
  readonly target: string;
  /** Secret. Kept in no record, argument, variable or log. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How a guest is made, by the one who waits for it. */
export interface OpenControl {
  readonly signal?: AbortSignal | undefined;
  /** One line: what it waits for. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface GuestExecOptions {
  /** Default `"ignore"`. */
  readonly stdin?: Exclude<StdinSource, "inherit">;
  /** Default `"buffer"`. */
  readonly stdout?: Exclude<OutputSink, "inherit">;
  readonly stderr?: Exclude<OutputSink, "inherit">;
  /** Working directory in the guest. Default: the workspace. */
  readonly cwd?: string;
  /** Added to the guest's environment for this program. */
  readonly env?: Readonly<Record<string, string>>;
  /** Under the guest's network policy; default `false`: no network but its own loopback. */
  readonly network?: boolean;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly maxBuffer?: number;
}

/** How an agent ended. */
export interface End {
  /** `null` where nobody saw one (killed with its box, host restarted). */
  readonly exitCode: number | null;
  /** `"KILL"`, `"TERM"`, …: the signal that ended it, where that is known. */
  readonly signal: string | null;
  /** `observed` from outside the guest, or `claimed` by it. */
  readonly endedBy: "observed" | "claimed";
  /**
   * - `exit`: it ended by itself, `exitCode` says how.
   * - `signal`: a signal ended it.
   * - `killed`: its supervisor or terminal server was killed, and it with them.
   * - `host-restart`: its machine was restarted.
   * - `not-started`: it was asked to start and never did.
   * - `out-of-memory`: it, or what it started, took more memory than its box gives.
   * - `disk-full`: it filled the room that its box gives, and was stopped for it.
   */
  readonly reason:
    "exit" | "signal" | "killed" | "host-restart" | "not-started" | "out-of-memory" | "disk-full";
  /** When it was seen, where that is known. */
  readonly endedAt: Date | null;
}

/**
 * What a running agent waits for, as a program in its guest claims: a `person`'s answer, a `login`
 * that was refused, the end of a `usage-limit`, or (`finished`) nothing, its turn being over.
 */
export type Waiting = "person" | "login" | "usage-limit" | "finished";

/** What is known of a session's agent without waiting. */
export type GuestState =
  | { readonly kind: "absent" }
  /** Its box has no room for it yet, or is bringing it up; `why` in the box's own words. */
  | { readonly kind: "pending"; readonly why: string }
  /** Its bytes are gone with what held them; `why` in the box's own words. */
  | {
      readonly kind: "lost";
      readonly reason: "evicted" | "node-lost" | "deadline" | "box-gone";
      readonly why: string;
    }
  | { readonly kind: "idle" }
  | {
      readonly kind: "running";
      readonly startedAt: Date | null;
      /** Absent: it works. */
      readonly waiting?: Waiting;
      /** When a usage limit ends, where that is known. */
      readonly resumesAt?: Date | null;
    }
  | { readonly kind: "ended"; readonly startedAt: Date | null; readonly end: End };

/** The agent's terminal. It outlives every viewer. */
export interface Terminal {
  /**
   * The argv, for the host, that starts `argv` in the guest's workspace and then shows it. Run
   * again while it runs it only shows; after the end it shows the last screen. The
   * agent is never started twice. At most 16,000 bytes in all: pass files, not texts.
   */
  launchArgv(argv: readonly string[]): readonly string[];
  /**
   * Start `argv` detached, as `launchArgv` does without a viewer. Resolves once the
   * agent's sandbox is up, with how it is then; a second call changes nothing.
   *
   * @throws {BackendError} `START_FAILED` with what was printed.
   */
  start(argv: readonly string[]): Promise<GuestState>;
  /**
   * Resolves once a launch that something else began has the agent's sandbox up (or
   * already ended), with how it is then.
   *
   * @throws {BackendError} `START_FAILED` after `timeoutMs` (default 60,000, in a container 10,000).
   */
  started(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<GuestState>;
  /**
   * Resolves once the agent's turn is over (`waiting: "finished"`) or the agent has ended or was not
   * started; at once if so. Aborting rejects; the agent goes on.
   *
   * Programs in the guest tell it: a line `working`, `finished`, `person`, `login` or `usage-limit <words>` to
   * the fifo that `$CCO_TURN` names. What the guest holds was kept (`afterEnd`) before `finished` is told.
   */
  settled(options?: { signal?: AbortSignal }): Promise<GuestState>;
  /** The argv, for the host, that shows the terminal; after the end, its last screen. */
  viewArgv(): readonly string[];
  /** Put `text` to the agent as one bracketed paste, then Enter. @throws {BackendError} `NOT_RUNNING` */
  send(text: string): Promise<void>;
  /** The screen as text now, or as it was at the end. */
  capture(): Promise<string>;
  /**
   * What the terminal printed since the start, raw bytes as the agent wrote them, to `sink`
   * (ended at the end). The first 64 MiB are kept.
   *
   * @param options.follow go on until the agent's end.
   */
  log(
    sink: NodeJS.WritableStream,
    options?: { follow?: boolean; signal?: AbortSignal },
  ): Promise<void>;
}

/** The inside of a box, as one session sees it. */
export interface Guest {
  readonly id: string;
  /** Absolute, as programs in the guest see them. */
  readonly paths: { readonly workspace: string; readonly exchange: string; readonly home: string };
  /**
   * Run `argv` in the guest, beside the agent or over a dead one's bytes. What must
   * reach the agent itself goes through `terminal`.
   *
   * Resolves whenever the program ended; a guest that ends meanwhile is an exit code
   * or a `RunError`.
   */
  exec(argv: readonly string[], options?: GuestExecOptions): Promise<RunResult>;
  readonly terminal: Terminal;
  state(): Promise<GuestState>;
  /** TERM to the agent itself, KILL to everything after `graceMs` (default 10,000). Resolves at the end. */
  stop(options?: { graceMs?: number }): Promise<void>;
  /** Resolves at the agent's end, at once if it has ended. Aborting rejects; the agent goes on. */
  ended(options?: { signal?: AbortSignal }): Promise<End>;
}

export interface BackendDescription {
  /** Version of the tool that isolates, or `null`. */
  readonly version: string | null;
  readonly disk: { readonly usedBytes: number; readonly freeBytes: number } | null;
  readonly memory: { readonly usedBytes: number; readonly totalBytes: number } | null;
  /** Milliseconds that the clock of the box's machine is ahead of the host's, where it has its own. */
  readonly clockDifferenceMs?: number | null;
}

/** What a lost guest leaves: for a backend whose guests may be lost without anybody's doing. */
export interface Salvage {
  /** Milliseconds from one time that a running guest's work is kept to the next. */
  readonly everyMs: number;
  /** Where guests themselves keep it; `null`: whoever waits for one takes it. */
  readonly store: SalvageStore | null;
}

/** Keeps what guests saved (`GuestOptions.save`) where it outlives them. */
export interface SalvageStore {
  /** In words, for messages: `volume results`. */
  readonly name: string;
  /**
   * What was kept last, to `sink` (ended, and all of it taken, when it resolves), the guest there or not.
   *
   * @returns `null` where nothing was kept; then nothing was written, and `sink` is not ended.
   */
  read(guestId: string, sink: Writable, options?: { signal?: AbortSignal }): Promise<Saved | null>;
  /** Remove all that was kept of a guest, which is gone. One that kept nothing is fine. */
  remove(guestId: string): Promise<void>;
}

export interface Saved {
  /** It was kept after the agent's end. */
  readonly final: boolean;
}

export interface SandboxBackend {
  /** `local`, `container`, … */
  readonly name: string;
  /** The box's own name where a backend has several, else the backend's. */
  readonly box: string;
  readonly promises: BackendPromises;
  /** Left out where no guest is lost but by somebody's doing. */
  readonly salvage?: Salvage;
  status(options?: { signal?: AbortSignal }): Promise<BackendStatus>;
  /** What the backend needs, piece by piece, each with the command that mends it. */
  check(): Promise<readonly BackendCheck[]>;
  describe(): Promise<BackendDescription>;
  create(options?: BackendCreateOptions): Promise<void>;
  start(options?: BackendCreateOptions): Promise<void>;
  stop(): Promise<void>;
  destroy(): Promise<void>;
  provision(files: readonly GuestFile[]): Promise<void>;
  /**
   * Bring the box's own machine up to what this version needs. Safe to repeat, and without a
   * network where nothing is missing. Left out where the box has no machine of its own.
   */
  setUp?(options?: BackendCreateOptions): Promise<SetUpReport>;
  /** What `create` makes the box from, as text. Left out where it is made from nothing. */
  template?(): Promise<string>;
  /** The argv, for the host, of a shell in the box's own machine, outside every guest. */
  shellArgv?(): readonly string[];
  /**
   * The guest with this id, made if it is not there. Safe to repeat.
   *
   * @throws {BackendError} `PROGRAM_NOT_FOUND`, `BOX_MISSING`, `NETWORK_UNSUPPORTED`,
   *   `START_FAILED` where it found no room in time.
   */
  openGuest(guestId: string, options?: GuestOptions, control?: OpenControl): Promise<Guest>;
  /** End all of it and remove its bytes. A guest that is not there is fine. */
  closeGuest(guestId: string): Promise<void>;
  /**
   * Ids of all guests that have bytes here, and how they are: one call for many sessions.
   *
   * @param only of this one alone, which may cost much less.
   */
  guests(only?: string): Promise<ReadonlyMap<string, GuestState>>;
}
