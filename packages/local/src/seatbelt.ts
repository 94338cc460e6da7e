import { BackendError, type BackendPromises } from "@cco/backend";
import { split } from "shlex";

/**
 * What seatbelt gives on macOS. Written from its rules, not yet tried on a Mac.
 *
 * There is no process namespace: a guest sees the names of the host's processes (it can
 * signal none but its own), and a child that leaves its session goes on after the end.
 */
export const SEATBELT_PROMISES: BackendPromises = {
  networkPolicies: ["none", "allowlist", "open"],
  networkEnforcedBy: "seatbelt: one loopback port, where cco's proxy listens",
  reapsProcesses: false,
  separatesProcesses: false,
  observesEnd: true,
  terminalOutside: true,
  survivesHostRestart: false,
};

export interface SeatbeltOptions {
  /** Folders the guest may write to: its workspace, exchange and home. Real paths. */
  readonly own: readonly string[];
  /** cco's data folder, with the other guests in it. Real path. */
  readonly dataDir: string;
  /** Files and folders of programs, read-only. Real paths. */
  readonly programs: readonly string[];
  /** Loopback ports the guest may connect to: the proxy's, and those that `allow` lists. */
  readonly ports: readonly number[];
}

/** People's files, other disks, and everyone's temporary files. */
const PRIVATE = ["/Users", "/Volumes", "/private/var/root", "/private/var/folders", "/private/tmp"];

/** The settings of `@anthropic-ai/sandbox-runtime` for this guest. */
export function seatbeltConfig(options: SeatbeltOptions) {
  return {
    network: {
      allowedDomains: [],
      deniedDomains: [],
      // Ports of a proxy that runs elsewhere keep the library from starting its own.
      httpProxyPort: 1,
      socksProxyPort: 1,
    },
    filesystem: {
      denyRead: [...PRIVATE, options.dataDir],
      allowRead: [...options.own, ...options.programs],
      allowWrite: [...options.own],
      denyWrite: [],
    },
    allowPty: true,
  };
}

/** What is used of `@anthropic-ai/sandbox-runtime` 0.0.78. */
export interface SandboxRuntime {
  readonly SandboxManager: {
    initialize(config: ReturnType<typeof seatbeltConfig>): Promise<void>;
    wrapWithSandboxArgv(command: string, shell: string): Promise<{ argv: string[] }>;
    reset(): Promise<void>;
  };
}

/**
 * The seatbelt profile for one guest.
 *
 * The library's own, with its network rules and the write rules it ties to this process's working
 * directory replaced by the guest's. In seatbelt the last rule that matches decides.
 *
 * @throws {BackendError} `BOX_MISSING`: the library is not installed.
 */
export async function seatbeltProfile(
  options: SeatbeltOptions,
  load: () => Promise<SandboxRuntime> = loadRuntime,
): Promise<string> {
  const { SandboxManager } = await load();
  await SandboxManager.initialize(seatbeltConfig(options));
  try {
    const { argv } = await SandboxManager.wrapWithSandboxArgv("true", "/bin/sh");
    return guestProfile(profileOf(argv), options);
  } finally {
    await SandboxManager.reset();
  }
}

/**
 * Programs under seatbelt, up to where the program's own argv follows. sandbox-exec(1).
 *
 * @param env the whole environment of the guest.
 */
export function seatbeltArgv(
  profile: string,
  env: Readonly<Record<string, string>>,
): readonly string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return ["/usr/bin/env", "-i", ...variables, "/usr/bin/sandbox-exec", "-p", profile];
}

/** The profile in what the library would have a shell run: `… sandbox-exec -p PROFILE …`. */
export function profileOf(argv: readonly string[]): string {
  const words = split(argv.at(-1) ?? "");
  const at = words.indexOf("-p", words.indexOf("/usr/bin/sandbox-exec"));
  const profile = words[at + 1];
  if (at < 1 || profile?.startsWith("(version 1)") !== true) {
    throw new BackendError("BACKEND_FAILED", "the sandbox runtime gave no seatbelt profile", {
      hint: "npm install @anthropic-ai/sandbox-runtime@0.0.78",
    });
  }
  return profile;
}

/** `profile` with this guest's network, and with its own folders writable whatever came before. */
export function guestProfile(profile: string, options: SeatbeltOptions): string {
  const kept = profile.split("\n").filter((line) => !line.startsWith("(allow network"));
  const own = options.own.map((path) => `(subpath ${sbplString(path)})`).join(" ");
  return [
    ...kept,
    "; This guest",
    "(deny network*)",
    ...options.ports.map((port) => `(allow network-outbound (remote ip "localhost:${port}"))`),
    `(allow file-read* file-write* ${own})`,
    "",
  ].join("\n");
}

function sbplString(text: string): string {
  return `"${text.replace(/["\\]/g, (character) => `\\${character}`)}"`;
}

async function loadRuntime(): Promise<SandboxRuntime> {
  // Not a literal: a bundler must leave it to be found, or not, on a Mac.
  const name = "@anthropic-ai/sandbox-runtime";
  try {
    return (await import(name)) as SandboxRuntime;
  } catch (cause) {
    throw new BackendError("BOX_MISSING", `${name} is not installed`, {
      hint: `npm install --global ${name}@0.0.78`,
      cause,
    });
  }
}
