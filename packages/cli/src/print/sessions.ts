import type { Session } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import { table } from "../output/table.js";
import type { Paint } from "../output/talk.js";

const HEAD = ["SESSION", "STATE", "BRANCH", "AGENT", "PLAN", "RESULT", "AGE"];

/** Sessions as a table. @param now milliseconds since 1970 */
export function sessionTable(sessions: readonly Session[], paint: Paint, now: number): string {
  const several = new Set(sessions.map(({ repo }) => repo)).size > 1;
  const rows = sessions.map((session) => [
    session.sessionId,
    stateOf(session),
    session.branch,
    session.agent,
    session.plan,
    resultOf(session),
    ageOf(session.createdAt, now),
    ...(several ? [session.repo] : []),
  ]);
  return table(several ? [...HEAD, "REPOSITORY"] : HEAD, rows, paint);
}

/** One line on how a session stands: `Session 7f3a9c21 failed (exit 1).` */
export function sessionLine(session: Session): string {
  return `Session ${session.sessionId} ${stateOf(session)}.`;
}

/** `running`, `failed (exit 1)`, `lost (host-restart)`, … */
export function stateOf(session: Session): string {
  return safeLine(`${session.state}${detailOf(session)}`);
}

function detailOf(session: Session): string {
  if (session.state === "running" && session.waiting !== null) {
    const until = session.resumesAt === null ? "" : ` until ${session.resumesAt}`;
    return ` (waiting: ${session.waiting}${until})`;
  }
  if (session.state !== "failed" && session.state !== "lost") return "";
  const claimed = session.endedBy === "claimed" ? ", as the guest claims" : "";
  if (session.reason === "exit") return ` (exit ${String(session.exitCode)}${claimed})`;
  if (session.reason === "signal") return ` (signal ${session.signal ?? "unknown"}${claimed})`;
  return session.reason === null ? "" : ` (${session.reason}${claimed})`;
}

function resultOf(session: Session): string {
  const result = session.result;
  if (result === null) return "";
  const salvaged = result.salvaged ? ", salvaged work" : "";
  return `${session.pulled ? "pulled, " : ""}${commits(result.commits)}${salvaged}`;
}

/** `no commits`, `1 commit`, `3 commits` */
export function commits(count: number): string {
  if (count === 0) return "no commits";
  return count === 1 ? "1 commit" : `${String(count)} commits`;
}

function ageOf(createdAt: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(createdAt)) / 1000));
  if (seconds < 60) return `${String(seconds)}s`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))}m`;
  if (seconds < 86_400) return `${String(Math.floor(seconds / 3600))}h`;
  return `${String(Math.floor(seconds / 86_400))}d`;
}
