import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";

import { afterAll } from "vitest";

import type { Env } from "./env.js";
import { hermeticEnv } from "./env.js";
import { makeTempDir } from "./temp-dir.js";
import { waitFor } from "./wait-for.js";

/** Where Debian puts it; it must be started by its whole path. */
const SSHD = "/usr/sbin/sshd";
const SSH = "/usr/bin/ssh";

/** Why no sshd can be started here, or `null`. */
export const sshdUnavailable = existsSync(SSHD) && existsSync(SSH) ? null : "needs openssh-server";

/** Who programs on the machine run as: an ordinary user, as wherever it is not root who tests. */
const ORDINARY = { name: "tester", uid: 65534, gid: 65534 } as const;
const AS_ORDINARY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/**
 * Root can start an sshd of an ordinary user: one with a login shell, for sshd and what it starts
 * alone. Without namespaces for ordinary users no sandbox would run there, and it stays root's.
 */
const ordinary = process.getuid?.() === 0 && canBeOrdinary();

function canBeOrdinary(): boolean {
  // Folders for tests must be within that user's reach.
  const reaches = [
    "sh",
    "-c",
    'cd "$0" && exec "$@"',
    dirname(process.env["CCO_TEST_RUN"] ?? "/tmp/x"),
  ];
  const sandbox = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"];
  const trial = spawnSync("unshare", ["--mount", ...AS_ORDINARY, ...reaches, ...sandbox]);
  return trial.status === 0;
}

/** In a mount namespace of its own: the machine's users and groups are those of `$0`, then argv. */
const WITH_USERS =
  'for f in passwd group; do mount --bind "$0/$f" "/etc/$f" || exit; done; exec "$@"';

/** For a test's title. */
export const sshdUser = process.getuid?.() === 0 && !ordinary ? "root" : "an ordinary user";

/** `node <this> HOST PORT MS`: stdin and stdout to a port, each byte so many milliseconds late. */
const SLOW_LINK = `
import { connect } from "node:net";
const [host, port, ms] = process.argv.slice(2);
const socket = connect(Number(port), host);
const late = (from, to) => {
  from.on("data", (chunk) => setTimeout(() => to.write(chunk), Number(ms)));
  from.on("end", () => setTimeout(() => process.exit(), Number(ms)));
  from.on("error", () => process.exit(1));
};
late(process.stdin, socket);
late(socket, process.stdout);
`;

export interface SshdOptions {
  /** Login shell's argv up to the command line. Default: the user's own. */
  readonly shell?: readonly string[];
  /** Programs that the machine does not have. */
  readonly without?: readonly string[];
  /** Milliseconds that each byte needs, in each direction. Default 0. */
  readonly delayMs?: number;
  /** More lines of sshd_config. */
  readonly config?: readonly string[];
}

export interface CallerRan {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const started: TestSshd[] = [];

afterAll(() => {
  for (const sshd of started.splice(0)) sshd.stop();
});

/**
 * A real sshd on a loopback port with keys of its own, of an ordinary user; and a
 * caller's environment in which plain `ssh big` reaches it. Programs there have a home of their own.
 */
export class TestSshd {
  /** The machine's name in the caller's configuration. */
  readonly host = "big";
  readonly dir: string;
  /** Environment of a caller on "this" machine. */
  readonly env: Env;
  /** Home of programs on the machine. */
  readonly home: string;
  readonly port: number;
  readonly #options: SshdOptions;
  #daemon: ChildProcess | undefined;

  private constructor(dir: string, port: number, options: SshdOptions) {
    this.dir = dir;
    this.port = port;
    this.#options = options;
    this.home = join(dir, "big");
    const bin = join(dir, "bin");
    for (const folder of [this.home, bin]) mkdirSync(folder);
    this.env = hermeticEnv(join(dir, "e"));
    this.env["PATH"] = `${bin}:${this.env["PATH"] ?? ""}`;
    this.#makeKeys();
    this.#configure();
    if (ordinary) this.#handOver();
    // ssh finds a person's configuration by their uid, not by HOME.
    writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec ${SSH} -F '${this.clientConfig}' "$@"\n`);
    chmodSync(join(bin, "ssh"), 0o755);
  }

  static async start(options: SshdOptions = {}): Promise<TestSshd> {
    const sshd = new TestSshd(makeTempDir("s"), await freePort(), options);
    started.push(sshd);
    await sshd.listen();
    return sshd;
  }

  /** The caller's `~/.ssh/config`. */
  get clientConfig(): string {
    return join(this.dir, "config");
  }

  get knownHosts(): string {
    return join(this.dir, "known_hosts");
  }

  /** Start the daemon (again). */
  async listen(): Promise<void> {
    // The user's whole environment reaches no session: sshd makes theirs.
    const [file = "", ...args] = [
      ...(ordinary ? ["unshare", "--mount", "sh", "-c", WITH_USERS, this.dir, ...AS_ORDINARY] : []),
      ...[SSHD, "-D", "-e", "-f", join(this.dir, "sshd_config")],
    ];
    const daemon = spawn(file, args, {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    daemon.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    this.#daemon = daemon;
    await waitFor(() => said.includes("Server listening"), { what: "sshd to listen" }).catch(() => {
      throw new Error(`sshd did not start: ${said}`);
    });
  }

  /** Processes that carry a connection each, without the daemon itself. */
  connections(): readonly number[] {
    const daemon = this.#daemon?.pid;
    return processes().flatMap(({ pid, parent, command }) =>
      parent === daemon && command.startsWith("sshd") ? [pid] : [],
    );
  }

  /** Start a program of the caller's, with its whole environment. */
  start(argv: readonly string[]): ChildProcess {
    const [file = "", ...args] = argv;
    return spawn(file, args, { env: this.env, stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Run a program of the caller's to its end. */
  async caller(argv: readonly string[]): Promise<CallerRan> {
    const child = this.start(argv);
    child.stdin?.end();
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    });
    const [exitCode] = (await once(child, "close")) as [number | null];
    return {
      exitCode: exitCode ?? -1,
      stdout: Buffer.concat(stdout ?? []).toString("utf8"),
      stderr: Buffer.concat(stderr ?? []).toString("utf8"),
    };
  }

  /** Plain `ssh big LINE`, as a person types it. */
  plain(line: string): Promise<CallerRan> {
    return this.caller(["ssh", this.host, line]);
  }

  /** Every connection breaks, as if the machine's network had gone; programs there go on. */
  breakConnections(): void {
    const monitors = this.connections();
    // An ordinary user's connection is two processes, of which the inner one has the network.
    const inner = processes().flatMap(({ pid, parent, command }) =>
      monitors.includes(parent) && command.startsWith("sshd") ? [pid] : [],
    );
    for (const pid of [...monitors, ...inner]) kill(pid);
  }

  /** The daemon and all connections end, at both ends; programs there go on. */
  stop(): void {
    this.breakConnections();
    for (const pid of this.masters()) kill(pid);
    this.#daemon?.kill("SIGKILL");
    this.#daemon = undefined;
  }

  /** Process ids of masters that callers left in the background. */
  masters(): readonly number[] {
    return processes().flatMap(({ pid, command }) =>
      command.includes(this.clientConfig) && command.includes(" -M ") ? [pid] : [],
    );
  }

  /** What the machine reads and writes belongs to its user. */
  #handOver(): void {
    const users = readFileSync("/etc/passwd", "utf8").replaceAll(/^nobody:.*\n/gm, "");
    writeFileSync(
      join(this.dir, "passwd"),
      `${users}${ORDINARY.name}:x:${ORDINARY.uid}:${ORDINARY.gid}::${this.home}:/bin/bash\n`,
    );
    // A terminal cannot be given to the group of that name by who is not in it.
    const groups = readFileSync("/etc/group", "utf8").replaceAll(/^tty:.*\n/gm, "");
    writeFileSync(join(this.dir, "group"), groups);
    for (const path of ["host_key", "big"])
      chownSync(join(this.dir, path), ORDINARY.uid, ORDINARY.gid);
    // The way there, of the folder of the whole run too.
    for (const folder of [this.dir, dirname(this.dir)]) {
      if (folder !== tmpdir() || process.env["CCO_TEST_RUN"] === folder) chmodSync(folder, 0o711);
    }
  }

  #link(): readonly string[] {
    const { delayMs } = this.#options;
    if (delayMs === undefined) return [];
    const relay = join(this.dir, "slow-link.mjs");
    writeFileSync(relay, SLOW_LINK);
    return [`  ProxyCommand '${process.execPath}' '${relay}' %h %p ${delayMs}`];
  }

  /** A folder of the system's programs but these. */
  #pathWithout(names: readonly string[]): string {
    const folder = join(this.dir, "programs");
    mkdirSync(folder);
    for (const name of readdirSync("/usr/bin")) {
      if (!names.includes(name)) symlinkSync(join("/usr/bin", name), join(folder, name));
    }
    return folder;
  }

  #makeKeys(): void {
    for (const name of ["host_key", "user_key"]) {
      const file = join(this.dir, name);
      spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
    }
    const key = readFileSync(join(this.dir, "user_key.pub"), "utf8");
    const { shell } = this.#options;
    // The login shell gets the command line as it came, by `-c`, as sshd itself would give it.
    const forced =
      shell === undefined
        ? ""
        : `command="exec ${shell.join(" ")} -c \\"$SSH_ORIGINAL_COMMAND\\"" `;
    writeFileSync(join(this.dir, "authorized_keys"), forced + key);
    const hostKey = readFileSync(join(this.dir, "host_key.pub"), "utf8");
    writeFileSync(this.knownHosts, `[127.0.0.1]:${this.port} ${hostKey}`);
  }

  #configure(): void {
    // Where root starts it, it wants this folder.
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const { config = [] } = this.#options;
    const data = join(this.home, ".local/share");
    const path =
      this.#options.without === undefined
        ? ""
        : ` PATH=${this.#pathWithout(this.#options.without)}`;
    const lines = [
      "ListenAddress 127.0.0.1",
      `Port ${this.port}`,
      `HostKey ${join(this.dir, "host_key")}`,
      `AuthorizedKeysFile ${join(this.dir, "authorized_keys")}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin yes",
      "PidFile none",
      `SetEnv HOME=${this.home} XDG_DATA_HOME=${data}${path}`,
      ...config,
    ];
    writeFileSync(join(this.dir, "sshd_config"), `${lines.join("\n")}\n`);
    const client = [
      `Host ${this.host}`,
      "  HostName 127.0.0.1",
      `  Port ${this.port}`,
      `  User ${ordinary ? ORDINARY.name : userInfo().username}`,
      `  IdentityFile ${join(this.dir, "user_key")}`,
      "  IdentitiesOnly yes",
      ...this.#link(),
      "Host *",
      `  UserKnownHostsFile ${this.knownHosts}`,
      "  GlobalKnownHostsFile /dev/null",
    ];
    writeFileSync(this.clientConfig, `${client.join("\n")}\n`);
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): readonly Process[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const parent = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1] ?? 0);
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return [{ pid: Number(name), parent, command }];
    } catch {
      return [];
    }
  });
}

/** A loopback port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** One that ended meanwhile is as good as killed. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
