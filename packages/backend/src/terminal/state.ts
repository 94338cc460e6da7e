import type { End, GuestState, Waiting } from "../port.js";
import { signalOf } from "../signals.js";

const REASONS: ReadonlySet<string> = new Set<End["reason"]>([
  "exit",
  "killed",
  "host-restart",
  "not-started",
]);

const WAITING: ReadonlySet<string> = new Set<Waiting>([
  "person",
  "login",
  "usage-limit",
  "finished",
]);

/**
 * What `launch --state` printed: a line `name kind since reason code at waits resumes` for each
 * session, `-` where there is nothing to say. Lines that are none are left out.
 *
 * @param endedBy who saw the end.
 */
export function parseStates(
  stdout: string,
  endedBy: End["endedBy"] = "observed",
): ReadonlyMap<string, GuestState> {
  const states = new Map<string, GuestState>();
  for (const line of stdout.split("\n")) {
    const [name, kind, since = "-", reason = "-", code = "-", at = "-", ...turn] = line.split(" ");
    if (name === undefined || kind === undefined) continue;
    if (kind === "idle") states.set(name, { kind });
    if (kind === "running") states.set(name, { kind, startedAt: date(since), ...turnOf(turn) });
    if (kind === "ended" && REASONS.has(reason)) {
      const end = endOf(reason as End["reason"], code, at, endedBy);
      states.set(name, { kind, startedAt: date(since), end });
    }
  }
  return states;
}

/** A word that is none is not believed. */
function turnOf([waits = "-", resumes = "-"]: readonly string[]) {
  if (!WAITING.has(waits)) return {};
  const waiting = waits as Waiting;
  return waiting === "usage-limit" ? { waiting, resumesAt: date(resumes) } : { waiting };
}

function endOf(reason: End["reason"], code: string, at: string, endedBy: End["endedBy"]): End {
  const exitCode = /^\d{1,3}$/.test(code) ? Number(code) : null;
  const signal = exitCode === null ? null : signalOf(exitCode);
  return {
    exitCode,
    signal,
    endedBy,
    reason: reason === "exit" && signal !== null ? "signal" : reason,
    endedAt: date(at),
  };
}

function date(seconds: string): Date | null {
  return /^\d{1,12}$/.test(seconds) ? new Date(Number(seconds) * 1000) : null;
}
