import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import {
  BackendError,
  type BackendPromises,
  type BackendStatus,
  type End,
  type Guest,
  type GuestExecOptions,
  type GuestOptions,
  type GuestState,
  type Salvage,
  type SandboxBackend,
  type Terminal,
} from "@cco/backend";
import type { CommandRunner, RunResult } from "@cco/exec";

export type FakeExec = (
  guest: FakeGuest,
  argv: readonly string[],
  options: GuestExecOptions,
) => Promise<RunResult>;

export interface FakeBackendOptions {
  readonly name?: string;
  readonly box?: string;
  readonly status?: BackendStatus;
  /** What `exec` does. Default: fails the test. */
  readonly exec?: FakeExec;
  /** Folder of guests; `null`: paths that nothing is at. */
  readonly dir?: string;
  /** Programs that are not there. */
  readonly missing?: readonly string[];
  /** Default: its guests are never lost. */
  readonly salvage?: Salvage;
}

const PROMISES: BackendPromises = {
  networkPolicies: ["none", "allowlist", "open"],
  networkEnforcedBy: "nobody",
  reapsProcesses: false,
  separatesProcesses: false,
  observesEnd: true,
  terminalOutside: true,
  survivesHostRestart: false,
};

/** Keeps guests in memory; agents end when the test says so. Strict: what was not set up throws. */
export class FakeBackend implements SandboxBackend {
  readonly name: string;
  readonly box: string;
  readonly promises = PROMISES;
  readonly salvage?: Salvage;
  readonly here = new Map<string, FakeGuest>();
  /** Names of the calls that reach the box, in order. */
  readonly calls: string[] = [];
  status_: BackendStatus;
  exec: FakeExec;
  readonly #options: FakeBackendOptions;

  constructor(options: FakeBackendOptions = {}) {
    this.#options = options;
    this.name = options.name ?? "fake";
    this.box = options.box ?? "fake";
    this.status_ = options.status ?? "running";
    if (options.salvage !== undefined) this.salvage = options.salvage;
    this.exec =
      options.exec ??
      ((_guest, argv) => Promise.reject(new Error(`unexpected exec: ${String(argv[0])}`)));
  }

  status(): Promise<BackendStatus> {
    this.calls.push("status");
    return Promise.resolve(this.status_);
  }

  check() {
    return Promise.resolve(
      this.status_ === "missing"
        ? [{ name: "tool", ok: false, detail: "not installed", fix: "apt-get install tool" }]
        : [],
    );
  }

  describe() {
    return Promise.resolve({ version: "1", disk: null, memory: null });
  }

  openGuest(id: string, options?: GuestOptions): Promise<Guest> {
    this.calls.push(`openGuest ${id}`);
    const missing = options?.programs?.find((name) => this.#options.missing?.includes(name));
    if (missing !== undefined) {
      return Promise.reject(new BackendError("PROGRAM_NOT_FOUND", `program not found: ${missing}`));
    }
    const guest = this.here.get(id) ?? new FakeGuest(this, id, this.#options.dir, options);
    this.here.set(id, guest);
    return Promise.resolve(guest);
  }

  closeGuest(id: string): Promise<void> {
    this.calls.push(`closeGuest ${id}`);
    this.here.get(id)?.remove();
    this.here.delete(id);
    return Promise.resolve();
  }

  guests(only?: string): Promise<ReadonlyMap<string, GuestState>> {
    this.calls.push("guests");
    const asked = [...this.here].filter(([id]) => only === undefined || id === only);
    return Promise.resolve(new Map(asked.map(([id, guest]) => [id, guest.now])));
  }

  create = (): Promise<void> => Promise.reject(new Error("unexpected create"));
  start = (): Promise<void> => Promise.reject(new Error("unexpected start"));
  stop = (): Promise<void> => Promise.reject(new Error("unexpected stop"));
  destroy = (): Promise<void> => Promise.reject(new Error("unexpected destroy"));
  provision = (): Promise<void> => Promise.reject(new Error("unexpected provision"));
}

export class FakeGuest implements Guest {
  readonly id: string;
  readonly paths: Guest["paths"];
  readonly options: GuestOptions;
  now: GuestState = { kind: "idle" };
  /** What `terminal.log` writes. */
  printed = "";
  readonly sent: string[] = [];
  readonly started: (readonly string[])[] = [];
  readonly #backend: FakeBackend;
  readonly #dir: string | undefined;
  readonly #waiters: ((end: End) => void)[] = [];
  readonly #losers: ((error: Error) => void)[] = [];

  constructor(backend: FakeBackend, id: string, dir?: string, options: GuestOptions = {}) {
    this.#backend = backend;
    this.id = id;
    this.options = options;
    this.#dir = dir === undefined ? undefined : join(dir, id);
    const at = (name: string): string =>
      this.#dir === undefined ? `/${name}/${id}` : join(this.#dir, name);
    this.paths = { workspace: at("workspace"), exchange: at("exchange"), home: at("home") };
    if (this.#dir !== undefined) {
      for (const path of Object.values(this.paths)) mkdirSync(path, { recursive: true });
    }
  }

  exec(argv: readonly string[], options: GuestExecOptions = {}): Promise<RunResult> {
    return this.#backend.exec(this, argv, options);
  }

  readonly terminal: Terminal = {
    launchArgv: (argv) => ["fakectl", "shell", "sh", "launch", this.id, ...argv],
    start: (argv) => {
      if (this.now.kind === "idle") {
        this.started.push(argv);
        this.now = { kind: "running", startedAt: new Date() };
      }
      return Promise.resolve(this.now);
    },
    started: () =>
      this.now.kind === "idle"
        ? Promise.reject(new BackendError("START_FAILED", "the agent did not start"))
        : Promise.resolve(this.now),
    settled: async (options) => {
      await this.ended(options);
      return this.now;
    },
    viewArgv: () => ["fakectl", "view", this.id],
    send: (text) => {
      this.sent.push(text);
      return Promise.resolve();
    },
    capture: () => Promise.resolve(this.printed),
    log: (sink) =>
      new Promise((resolve) => {
        sink.end(this.printed, () => {
          resolve();
        });
      }),
  };

  state(): Promise<GuestState> {
    return Promise.resolve(this.now);
  }

  stop(): Promise<void> {
    this.end({ exitCode: 143, signal: "TERM", reason: "signal" });
    return Promise.resolve();
  }

  ended({ signal }: { signal?: AbortSignal } = {}): Promise<End> {
    if (this.now.kind === "ended") return Promise.resolve(this.now.end);
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      this.#waiters.push(resolve);
      this.#losers.push(reject);
      signal?.addEventListener("abort", () => {
        reject(signal.reason as Error);
      });
    });
  }

  /** The agent ends, by default well. */
  end(how: Partial<End> = {}): void {
    const end: End = {
      exitCode: 0,
      signal: null,
      endedBy: "observed",
      reason: "exit",
      endedAt: new Date(),
      ...how,
    };
    this.now = { kind: "ended", startedAt: new Date(), end };
    for (const waiter of this.#waiters.splice(0)) waiter(end);
  }

  /** Its box loses it, its bytes too. Whoever waits fails. */
  lose(reason: "evicted" | "node-lost"): void {
    this.now = { kind: "lost", reason, why: "node a is gone" };
    for (const waiter of this.#losers.splice(0)) waiter(new Error("its pod is gone"));
    this.remove();
  }

  remove(): void {
    if (this.#dir !== undefined) rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** An `exec` that runs the program on this machine, in the guest's workspace: no isolation at all. */
export function onThisMachine(runner: CommandRunner): FakeExec {
  return (guest, argv, { network: _network, ...options }) =>
    runner.run(argv, {
      cwd: guest.paths.workspace,
      ...options,
      env: { HOME: guest.paths.home, ...options.env },
    });
}
