import { BackendError, type BackendCheck, type Guest, type SandboxBackend } from "@cco/backend";

import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import type { SessionRecord } from "./record.js";

/** @throws {SandboxError} `BOX_MISSING`, `BOX_STOPPED`, `BOX_BROKEN`, in the words people know. */
export async function requireRunning(backend: SandboxBackend, signal?: AbortSignal): Promise<void> {
  const status = await backend.status(signal === undefined ? {} : { signal });
  switch (status) {
    case "running":
      return;
    case "missing":
      throw new SandboxError("BOX_MISSING", "sandbox not created, run `cco box create`", {
        hint: fixes(await backend.check()) ?? `cco box create --backend ${backend.name}`,
      });
    case "stopped":
      throw new SandboxError("BOX_STOPPED", "sandbox not running, run `cco box start`", {
        hint: `cco box start --backend ${backend.name}`,
      });
    case "broken": {
      const checks = await backend.check();
      const wrong = checks.filter(({ ok }) => !ok);
      const what = wrong.map(({ name, detail }) => `${name}: ${detail}`).join("; ");
      throw new SandboxError("BOX_BROKEN", `sandbox broken${what === "" ? "" : `: ${what}`}`, {
        hint: fixes(checks) ?? `cco doctor`,
      });
    }
  }
}

function fixes(checks: readonly BackendCheck[]): string | undefined {
  const needed = checks.flatMap(({ ok, fix }) => (ok || fix === undefined ? [] : [fix]));
  return needed.length === 0 ? undefined : needed.join("; ");
}

/** The session's guest, which must be there: opening one that is gone would make an empty one. */
export async function guestOf(engine: Engine, record: SessionRecord): Promise<Guest> {
  return (await engine.backendOf(record)).openGuest(record.sessionId);
}

/** Errors of a backend that have a name of their own here. */
export function fromBackend(error: unknown): unknown {
  if (!(error instanceof BackendError)) return error;
  const options = { hint: error.hint, cause: error };
  switch (error.code) {
    case "BOX_MISSING":
    case "BOX_STOPPED":
    case "BOX_BROKEN":
    case "START_FAILED":
    case "NOT_RUNNING":
    case "TRANSFER_FAILED":
      return new SandboxError(error.code, error.message, options);
    case "PROGRAM_NOT_FOUND":
      return new SandboxError("AGENT_NOT_FOUND", error.message, options);
    case "NETWORK_UNSUPPORTED":
    case "BACKEND_FAILED":
      return error;
  }
}
