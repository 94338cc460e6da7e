import { parseVersion } from "./info.js";

/** `""`: its yaml cannot be read. A word of a later version stays as it is. */
export type LimaStatus =
  "Running" | "Stopped" | "Broken" | "Uninitialized" | "Installing" | "" | (string & {});

/** What `limactl list` says of one VM, as far as it is used here. */
export interface LimaInstance {
  readonly name: string;
  readonly status: LimaStatus;
  /** Its folder on the host. */
  readonly dir: string;
  readonly vmType: string | null;
  readonly arch: string | null;
  /** Bytes, as configured. */
  readonly memory: number | null;
  readonly disk: number | null;
  /** The version that it was created with, where it says (1.0 and later). */
  readonly limaVersion: string | null;
  readonly sshConfigFile: string | null;
  /** What is wrong with its configuration. */
  readonly errors: readonly string[];
}

/**
 * What `limactl list --format json` printed: one JSON object a line, nothing for no VM.
 *
 * @throws {SyntaxError} a line is something else.
 */
export function parseInstances(stdout: string): readonly LimaInstance[] {
  return stdout
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => parseInstance(JSON.parse(line) as unknown));
}

function parseInstance(value: unknown): LimaInstance {
  if (typeof value !== "object" || value === null || !("name" in value)) {
    throw new SyntaxError("not an instance");
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const text = (key: string): string | null =>
    typeof fields[key] === "string" && fields[key] !== "" ? fields[key] : null;
  const number = (key: string): number | null =>
    typeof fields[key] === "number" && fields[key] > 0 ? fields[key] : null;
  return {
    name: text("name") ?? "",
    status: text("status") ?? "",
    dir: text("dir") ?? "",
    vmType: text("vmType"),
    arch: text("arch"),
    memory: number("memory"),
    disk: number("disk"),
    limaVersion: parseVersion(text("limaVersion") ?? "") ?? text("limaVersion"),
    sshConfigFile: text("sshConfigFile"),
    errors: Array.isArray(fields["errors"]) ? fields["errors"].map(errorText) : [],
  };
}

/** Errors are Go's own types, whose fields are printed: of a file, `{"Op":"open","Path":…,"Err":2}`. */
function errorText(error: unknown): string {
  if (typeof error === "string") return error;
  if (typeof error !== "object" || error === null) return JSON.stringify(error);
  const { Op, Path } = error as Readonly<Record<string, unknown>>;
  return typeof Op === "string" && typeof Path === "string"
    ? `cannot ${Op} ${Path}`
    : JSON.stringify(error);
}
