import type { Session } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import { table } from "../output/table.js";
import type { Paint } from "../output/talk.js";

const HEAD = ["SESSION", "STATE", "BRANCH", "AGENT", "PLAN", "RESULT"];

/** Sessions as a table. @param now milliseconds since 1970 */
export function sessionTable(sessions: readonly Session[], paint: Paint, now: number): string {
  const several = new Set(sessions.map(({ repo }) => repo)).size > 1;
  const spent = sessions.some(({ usage }) => usage !== null);
  const rows = sessions.map((session) => [
    session.sessionId,
    stateOf(session),
    session.branch,
    session.agent,
    session.plan,
    resultOf(session),
    ...(spent ? [usageOf(session.usage)] : []),
    ageOf(session.createdAt, now),
    ...(several ? [session.repo] : []),
  ]);
  const head = [...HEAD, ...(spent ? ["USED"] : []), "AGE", ...(several ? ["REPOSITORY"] : [])];
  return table(head, rows, paint);
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
    if (session.reason === "not-logged-in") return " (waiting: person, not logged in)";
    const until = session.resumesAt === null ? "" : ` until ${session.resumesAt}`;
    return ` (waiting: ${session.waiting}${until})`;
  }
  if (session.state === "prepared" && session.reason !== null) {
    return ` (waiting: ${session.reason})`;
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

/** `12 turns, 34.1k in, 2.0k out, $0.12` */
function usageOf(usage: Session["usage"]): string {
  if (usage === null) return "";
  const { turns, inputTokens, outputTokens, costUsd } = usage;
  const cost = costUsd === null ? "" : `, $${costUsd.toFixed(2)}`;
  const many = turns === 1 ? "1 turn" : `${String(turns)} turns`;
  return `${many}, ${thousands(inputTokens)} in, ${thousands(outputTokens)} out${cost}`;
}

function thousands(tokens: number): string {
  if (tokens < 1000) return String(tokens);
  return tokens < 1_000_000
    ? `${(tokens / 1000).toFixed(1)}k`
    : `${(tokens / 1_000_000).toFixed(1)}M`;
}

function ageOf(createdAt: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(createdAt)) / 1000));
  if (seconds < 60) return `${String(seconds)}s`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))}m`;
  if (seconds < 86_400) return `${String(Math.floor(seconds / 3600))}h`;
  return `${String(Math.floor(seconds / 86_400))}d`;
}
