import { randomBytes } from "node:crypto";

import {
  ExecaRunner,
  RunError,
  runReported,
  type CommandRunner,
  type RunOptions,
  type RunResult,
} from "@cco/exec";

import { lineForAnyShell } from "./any-shell.js";
import { attempt, UNSHARED } from "./attempt.js";
import { Connections, OPTIONS, socketFolder, type Lease } from "./connections.js";
import { connectError, noAnswer, SshError } from "./errors.js";

export interface SshRunnerOptions {
  /** `user@machine`, or whatever else `ssh` takes: a `Host` of `~/.ssh/config`, `ssh://…`. */
  readonly host: string;
  /** Runs ssh on this machine. Default: an `ExecaRunner`. */
  readonly runner?: CommandRunner;
  /** Where `XDG_RUNTIME_DIR` and `TMPDIR` are read. Default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Longest wait for the machine to answer, in seconds. Default 10. */
  readonly connectTimeout?: number;
  /** Longest time of a command that has no limit of its own, in milliseconds. Default: none. */
  readonly limitMs?: number;
  /** ssh may ask on the terminal: a password, a passphrase, a new host key. Default `false`. */
  readonly mayAsk?: boolean;
}

/** Attempts at a command that certainly did not run: with a new connection, then with another. */
const ATTEMPTS = 4;
/** sshd hands the command line to the login shell as one argument, which Linux limits. */
const LONGEST_LINE = 128 * 1024 - 1;

/**
 * A machine reached by the system's OpenSSH: the user's configuration, keys, agents, jump hosts
 * and known hosts hold as they do for `ssh`. Commands share connections with a socket of cco's
 * own. ssh(1), ssh_config(5).
 */
export class SshRunner implements CommandRunner {
  readonly host: string;
  readonly #runner: CommandRunner;
  readonly #options: SshRunnerOptions;
  readonly #connections: Connections;
  /** What a command prints before its program starts, and ssh where it has no connection to share. */
  readonly #mark = `cco${randomBytes(9).toString("hex")}`;

  /** @throws {SshError} `SSH_HOST_INVALID` */
  constructor(options: SshRunnerOptions) {
    this.host = checkedHost(options.host);
    this.#runner = options.runner ?? new ExecaRunner();
    this.#options = options;
    this.#connections = new Connections(this.#runner, {
      host: this.host,
      folder: socketFolder(options.env ?? process.env),
      connectTimeout: options.connectTimeout ?? 10,
      mayAsk: options.mayAsk ?? false,
    });
  }

  /**
   * @throws {RunError} as every runner; `CONNECTION_LOST`: it broke while the program may have run.
   * @throws {SshError} there is no connection; nothing was run.
   */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { limitMs } = this.#options;
    const limited = options.timeoutMs === undefined && limitMs !== undefined;
    try {
      return await runReported(
        {
          run: (words, inner) => this.#link(words, inner),
          lost: (words) => this.#lost(words),
        },
        argv,
        limited ? { ...options, timeoutMs: limitMs } : options,
      );
    } catch (error) {
      if (!limited || !(error instanceof RunError) || error.code !== "COMMAND_TIMED_OUT")
        throw error;
      throw noAnswer(this.host, limitMs);
    }
  }

  hostArgv(argv: readonly string[], options: { readonly tty?: boolean } = {}): readonly string[] {
    return [
      "ssh",
      ...(options.tty === true ? ["-t", "-e", "none"] : ["-T"]),
      ...OPTIONS,
      // Where there is no connection to share, or it is full, ssh makes one of its own.
      ...["-S", this.#connections.firstSocket, "-o", "ControlMaster=no"],
      ...["-o", "ServerAliveInterval=15"],
      ...["--", this.host, lineForAnyShell(argv)],
    ];
  }

  /** End the connections that this runner used. Without it they end ten minutes after their last use. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  async #link(argv: readonly string[], options: RunOptions): Promise<RunResult> {
    const isPersons = [options.stdin, options.stdout, options.stderr].includes("inherit");
    const line = lineForAnyShell(argv, isPersons ? undefined : this.#mark);
    if (line.length > LONGEST_LINE) throw tooLong(argv);
    for (let tries = 1; ; tries += 1) {
      const lease = await this.#connections.lease(options.signal);
      try {
        const sshArgv = this.#sshArgv(lease.socket, line, isPersons);
        if (isPersons) return await this.#runner.run(sshArgv, options);
        const attempted = await attempt(this.#runner, sshArgv, this.#mark, options);
        if ("result" in attempted) return attempted.result;
        this.#note(lease, attempted.unshared);
        if (tries === ATTEMPTS) throw this.#notRun(attempted.unshared);
      } finally {
        lease.release();
      }
    }
  }

  #sshArgv(socket: string, line: string, isPersons: boolean): readonly string[] {
    return [
      "ssh",
      isPersons ? "-t" : "-T",
      ...OPTIONS,
      ...["-S", socket, "-o", "ControlMaster=no"],
      // Without a connection to share it ends here, and says so.
      ...["-o", `ProxyCommand=sh -c 'echo ${UNSHARED} >&2'`],
      ...["--", this.host, line],
    ];
  }

  /** What is to be done before the next attempt. */
  #note(lease: Lease, words: string): void {
    if (/open refused|open failed|administratively prohibited/i.test(words)) lease.full();
    else lease.lost();
  }

  #notRun(words: string): SshError {
    return connectError(this.host, words.replaceAll(UNSHARED, ""));
  }

  #lost(argv: readonly string[]): RunError {
    const message = `${argv[0] ?? ""}: the connection to ${this.host} broke while it ran`;
    return new RunError("CONNECTION_LOST", argv, message, {
      hint: "what runs there goes on; run the same command again",
    });
  }
}

function checkedHost(host: string): string {
  if (/^[^\s-][^\s]*$/.test(host) && !/[\x00-\x20\x7f'"`$\\;&|<>(){}]/.test(host)) return host;
  throw new SshError("SSH_HOST_INVALID", `not a machine: ${JSON.stringify(host)}`, {
    hint: "give it as user@machine, or as a `Host` of ~/.ssh/config",
  });
}

function tooLong(argv: readonly string[]): RunError {
  const message = `${argv[0] ?? ""}: its arguments are too long to be sent by ssh`;
  return new RunError("COMMAND_NOT_STARTED", argv, message);
}
