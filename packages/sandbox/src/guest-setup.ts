import type { Guest } from "@cco/backend";

import { readAsset } from "@cco/exec";
import { SandboxError } from "./errors.js";
import { diskFull, isAbort, interrupted, NO_SPACE } from "./failures.js";
import { setupStream, type SetupFiles } from "./guest-files.js";
import { printable } from "./intake/index.js";

const STREAM_BROKE_OFF = 74;

export interface GuestSetup extends SetupFiles {
  readonly branch: string;
  readonly objectFormat: "sha1" | "sha256";
  readonly person: { readonly name: string; readonly email: string };
  /** Path of the plan in the workspace, or `null`. */
  readonly planPath: string | null;
}

/**
 * Make the clone in a guest, with the plan and the agent's files: one exec, one stream.
 *
 * @throws {SandboxError} `DISK_FULL`, `TRANSFER_FAILED`, `INTERRUPTED`.
 */
export async function setUpGuest(
  guest: Guest,
  setup: GuestSetup,
  signal?: AbortSignal,
): Promise<void> {
  const script = await readAsset(new URL("./setup.sh", import.meta.url));
  const { workspace, exchange, home } = guest.paths;
  const { branch, objectFormat, person, planPath } = setup;
  const plan = planPath === null ? [] : [planPath, excludePattern(planPath)];
  const args = [workspace, exchange, home, branch, objectFormat, person.name, person.email];
  const stdin = await setupStream(setup);
  try {
    const result = await guest.exec(["sh", "-c", script, "setup", ...args, ...plan], {
      stdin,
      ...(signal === undefined ? {} : { signal }),
    });
    if (result.exitCode !== 0) throw setupFailed(guest.id, result.exitCode, result.stderr);
  } catch (error) {
    if (isAbort(error, signal)) throw interrupted(error);
    throw error instanceof SandboxError ? error : (diskFull(error, exchange) ?? error);
  } finally {
    stdin.destroy();
  }
}

/** The line of `info/exclude` that names exactly this path. */
export function excludePattern(path: string): string {
  return `/${path.replaceAll(/[\\*?[\]!# ]/g, "\\$&")}`;
}

function setupFailed(id: string, exitCode: number, stderr: string): SandboxError {
  const words = printable(stderr.trim());
  if (NO_SPACE.test(stderr)) {
    return new SandboxError("DISK_FULL", `no space left in the box of session ${id}: ${words}`, {
      hint: "`cco box gc` removes what is pulled; a smaller `--depth` sends less",
    });
  }
  const what =
    exitCode === STREAM_BROKE_OFF ? "what was sent did not arrive whole" : "the clone failed";
  return new SandboxError(
    "TRANSFER_FAILED",
    `${what}: ${words === "" ? `exit code ${exitCode}` : words}`,
    { hint: "push again" },
  );
}
