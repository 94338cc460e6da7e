import { createHash } from "node:crypto";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename } from "node:path";

import { readAsset, RunError, type CommandRunner } from "@cco/exec";

import { connectError, noAnswer } from "./errors.js";

/** sshd takes 10 sessions on a connection (MaxSessions); one is left for ending what another runs. */
const SESSIONS_EACH = 8;
const MOST_CONNECTIONS = 6;
/** Seconds that an idle connection stays for the next command. */
const PERSIST_SECONDS = 600;
/** Beyond ssh's own limit, which does not hold while it authenticates. */
const AUTHENTICATION_MS = 20_000;

export interface ConnectionsOptions {
  readonly host: string;
  /** Folder for the sockets, of this user alone; see {@link socketFolder}. */
  readonly folder: string;
  /** Seconds. */
  readonly connectTimeout: number;
  /** ssh may ask on the terminal: for a password, a passphrase, a new host key. */
  readonly mayAsk: boolean;
}

/** A place for one session on a connection that is up. */
export interface Lease {
  readonly socket: string;
  /** The connection is gone: the next lease makes it anew. */
  lost(): void;
  /** It takes no session more: others are tried first. */
  full(): void;
  release(): void;
}

interface Connection {
  readonly socket: string;
  sessions: number;
  full: boolean;
  up: Promise<void> | undefined;
}

/**
 * Connections to one machine, each shared by several sessions and, through its socket, by other
 * processes of this user. They are made when they are needed, and outlive this process.
 */
export class Connections {
  readonly #runner: CommandRunner;
  readonly #options: ConnectionsOptions;
  readonly #all: Connection[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #name: string;
  #checked = false;

  constructor(runner: CommandRunner, options: ConnectionsOptions) {
    this.#runner = runner;
    this.#options = options;
    this.#name = createHash("sha256").update(options.host).digest("hex").slice(0, 12);
  }

  /** Where the first connection listens, when there is one. */
  get firstSocket(): string {
    return this.#socket(0);
  }

  /** @throws {SshError} the machine cannot be reached. */
  async lease(signal?: AbortSignal): Promise<Lease> {
    const connection = await this.#place();
    try {
      await this.#up(connection, signal);
    } catch (error) {
      this.#release(connection);
      throw error;
    }
    return {
      socket: connection.socket,
      lost: () => (connection.up = undefined),
      full: () => (connection.full = true),
      release: () => {
        this.#release(connection);
      },
    };
  }

  /** End the connections that this process used. Sessions on them end too. */
  async close(): Promise<void> {
    const { host } = this.#options;
    const sockets = this.#all.splice(0).map(({ socket }) => socket);
    await Promise.all(
      sockets.map(async (socket) => {
        if (!(await listens(socket))) return;
        await this.#runner.run(["ssh", "-S", socket, "-O", "exit", "--", host]);
      }),
    );
  }

  async #place(): Promise<Connection> {
    for (;;) {
      const free = this.#all.find(({ sessions, full }) => sessions < SESSIONS_EACH && !full);
      const connection = free ?? this.#another() ?? this.#tryAgain();
      if (connection !== undefined) {
        connection.sessions += 1;
        return connection;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #another(): Connection | undefined {
    if (this.#all.length >= MOST_CONNECTIONS) return undefined;
    const socket = this.#socket(this.#all.length);
    const connection = { socket, sessions: 0, full: false, up: undefined };
    this.#all.push(connection);
    return connection;
  }

  /** All were full of sessions of other processes: by now they may not be. */
  #tryAgain(): Connection | undefined {
    if (this.#all.some(({ sessions }) => sessions > 0)) return undefined;
    for (const connection of this.#all) connection.full = false;
    return this.#all[0];
  }

  #socket(index: number): string {
    return `${this.#options.folder}/${this.#name}-${index}`;
  }

  #release(connection: Connection): void {
    connection.sessions -= 1;
    this.#waiting.shift()?.();
  }

  /** Several that need it at once wait for one attempt. One that was given up is not theirs. */
  async #up(connection: Connection, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const attempt = (connection.up ??= this.#open(connection, signal));
      try {
        await attempt;
        return;
      } catch (error) {
        if (connection.up === attempt) connection.up = undefined;
        const given = error instanceof RunError && error.code === "COMMAND_ABORTED";
        if (!given || signal?.aborted === true) throw error;
      }
    }
  }

  async #open(connection: Connection, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#checked) await this.#connect("keep", connection, signal);
    this.#checked = true;
    if (!(await listens(connection.socket))) await this.#connect("new", connection, signal);
  }

  async #connect(
    how: "keep" | "new",
    { socket }: Connection,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { host, folder, connectTimeout, mayAsk } = this.#options;
    const script = await readAsset(new URL("./connect.sh", import.meta.url));
    const limitMs = connectTimeout * 1000 + AUTHENTICATION_MS;
    const result = await this.#runner
      .run(
        ["sh", "-c", script, "connect", how, folder, basename(socket), host, ...this.#sshOptions()],
        {
          // What the machine prints is told apart by its words.
          env: { LC_ALL: "C" },
          signal,
          ...(mayAsk ? {} : { timeoutMs: limitMs }),
        },
      )
      .catch((error: unknown) => {
        throw isTimeout(error) ? noAnswer(host, limitMs) : error;
      });
    if (result.exitCode !== 0) throw connectError(host, result.stderr);
  }

  #sshOptions(): readonly string[] {
    const { connectTimeout, mayAsk } = this.#options;
    return [
      ...["-T", ...OPTIONS],
      ...["-o", `BatchMode=${mayAsk ? "no" : "yes"}`],
      ...["-o", `ConnectTimeout=${connectTimeout}`],
      // A connection that is dead is known to be after a minute.
      ...["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"],
      ...["-o", `ControlPersist=${PERSIST_SECONDS}`],
    ];
  }
}

/**
 * Of the user's configuration, what would do more than carry a command there: forwardings of
 * ports, of the display and of the key agent, commands of its own.
 */
export const OPTIONS: readonly string[] = [
  ...["-a", "-x"],
  ...["-o", "LogLevel=ERROR"],
  ...["-o", "ClearAllForwardings=yes"],
  ...["-o", "PermitLocalCommand=no"],
  ...["-o", "RemoteCommand=none"],
];

/** Short: with what ssh adds, a socket's path may have some 100 bytes. */
export function socketFolder(env: Readonly<Record<string, string | undefined>>): string {
  const own = env["XDG_RUNTIME_DIR"];
  if (own?.startsWith("/") === true && own.length < 50) return `${own}/cco-ssh`;
  const shared = tmpdir().length < 50 ? tmpdir() : "/tmp";
  return `${shared}/cco-ssh-${process.getuid?.() ?? 0}`;
}

/** Does something listen there? */
function listens(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    const done = (up: boolean) => () => {
      probe.destroy();
      resolve(up);
    };
    probe.once("connect", done(true)).once("error", done(false));
  });
}

function isTimeout(error: unknown): boolean {
  return error instanceof RunError && error.code === "COMMAND_TIMED_OUT";
}
