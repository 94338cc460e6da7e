import { rm } from "node:fs/promises";
import { Writable } from "node:stream";

import { createInputBundle, NOBODY, type Repo } from "@cco/git";

import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { interrupted, isAbort } from "./failures.js";
import { setUpGuest } from "./guest-setup.js";
import { printable } from "./intake/index.js";
import { DEFAULT_DEPTH } from "./prepare.js";
import type { SessionRecord } from "./record.js";

const DEFAULT_TIMEOUT_MS = 30 * 60_000;
const TAIL_BYTES = 4_000;

export interface CheckCommand {
  readonly command: string;
  /** The checked commit. */
  readonly tip: string;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Id of the guest that a session's check runs in. */
export function checkGuestId(id: string): string {
  return `${id}-check`;
}

/**
 * Run a command on a session's result in a guest of its own, closed afterwards.
 *
 * @throws {SandboxError} `CHECK_FAILED` with the end of what it printed.
 */
export async function runCheck(
  engine: Engine,
  record: SessionRecord,
  repo: Repo,
  check: CheckCommand,
): Promise<void> {
  const { signal } = check;
  const backend = await engine.backendOf(record);
  const guestId = checkGuestId(record.sessionId);
  const bundleFile = engine.store.path(record.sessionId, "check.bundle");
  engine.step("check-command", record.sessionId, `running the check: ${check.command}`);
  // One that an interrupted check left would not be fresh.
  await backend.closeGuest(guestId);
  try {
    const { branch, network, programs, env } = record;
    const abortable = signal === undefined ? {} : { signal };
    // Both have ended before the guest is closed.
    const [opened, packed] = await Promise.allSettled([
      backend.openGuest(guestId, { network, programs, env }, abortable),
      createInputBundle(repo, {
        tip: check.tip,
        branch,
        depth: DEFAULT_DEPTH,
        file: bundleFile,
        ...abortable,
      }),
    ]);
    if (opened.status === "rejected") throw opened.reason;
    if (packed.status === "rejected") throw packed.reason;
    const guest = opened.value;
    const bundle = packed.value;
    const { shallow, objectFormat } = bundle;
    const rest = { plan: null, planPath: null, home: [], person: NOBODY };
    await setUpGuest(guest, { bundleFile, shallow, objectFormat, branch, ...rest }, signal);
    const output = new Tail();
    const result = await guest.exec(["sh", "-c", `exec 2>&1\n${check.command}`], {
      stdout: output,
      network: true,
      timeoutMs: check.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      ...abortable,
    });
    if (result.exitCode !== 0) throw checkFailed(check.command, result.exitCode, output.text);
  } catch (error) {
    throw isAbort(error, signal) ? interrupted(error) : error;
  } finally {
    await rm(bundleFile, { force: true });
    await backend.closeGuest(guestId);
  }
}

/** Keeps the end of what is written to it. */
class Tail extends Writable {
  #kept = Buffer.alloc(0);

  get text(): string {
    return printable(this.#kept.toString("utf8"), { multiline: true }).trim();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-TAIL_BYTES);
    done();
  }
}

function checkFailed(command: string, exitCode: number, words: string): SandboxError {
  const printed = words === "" ? "" : `\n${words}`;
  return new SandboxError(
    "CHECK_FAILED",
    `the check ${JSON.stringify(command)} failed with exit code ${exitCode}; nothing moved${printed}`,
    { hint: "look at the result: `cco box diff`; pull without --check takes it as it is" },
  );
}
