/** What `limactl info` says, as far as it is used here. */
export interface LimaInfo {
  /** `2.2.0`, without anything that a build put behind it. */
  readonly version: string;
  /** Folder of all VMs on the host. */
  readonly limaHome: string;
  /** `qemu`, `vz`, … */
  readonly vmTypes: readonly string[];
}

/** @throws {SyntaxError} it is no such JSON. */
export function parseInfo(stdout: string): LimaInfo {
  const fields = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  const { version, limaHome, vmTypes } = fields;
  if (typeof version !== "string" || typeof limaHome !== "string") {
    throw new SyntaxError("no version or limaHome");
  }
  return {
    version: parseVersion(version) ?? version,
    limaHome,
    vmTypes: Array.isArray(vmTypes) ? vmTypes.map(String) : [],
  };
}

/** The version in a text such as `limactl version 2.2.0`, or `null`. */
export function parseVersion(text: string): string | null {
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? null;
}

/** The longest name of a socket in a VM's folder: `ssh.sock.` and 16 digits. */
const LONGEST_SOCKET = "ssh.sock.1234567890123456";

/**
 * How many bytes the path of a VM's socket is too long, 0 where it fits. A unix socket's path has
 * 107 bytes on Linux and 103 on macOS (unix(7), unix(4)).
 */
export function socketExcess(limaHome: string, name: string, platform: NodeJS.Platform): number {
  const limit = platform === "darwin" ? 103 : 107;
  return Math.max(0, Buffer.byteLength(`${limaHome}/${name}/${LONGEST_SOCKET}`) - limit);
}
