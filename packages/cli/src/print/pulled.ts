import type { PulledSession } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import type { Paint } from "../output/talk.js";
import { findingLines } from "./findings.js";
import { commits, sessionLine, stateOf } from "./sessions.js";

/** What `cco box pull` says: how the session ended, what came, where it is. */
export function pulledText(session: PulledSession, paint: Paint): string {
  if (session.alreadyPulled) return "";
  const { result, landed } = session;
  const lines = [landed === null ? sessionLine(session) : landedLine(session, landed)];
  if (landed === null && result !== null && result.commits > 0) {
    lines.push(`${capital(commits(result.commits))} on ${result.ref}.`);
  }
  if (result?.commits === 0) lines.push("No commits.");
  if (result?.salvaged === true) {
    lines.push(`Uncommitted work is on refs/cco/salvage/${session.sessionId}.`);
  }
  return [...lines, ...findingLines(result?.findings ?? [], paint)].join("\n");
}

function landedLine(session: PulledSession, landed: NonNullable<PulledSession["landed"]>): string {
  const count = commits(session.result?.commits ?? 0);
  const moved =
    landed.from === null
      ? `new branch at ${landed.tip.slice(0, 12)}`
      : `${landed.from.slice(0, 12)}..${landed.tip.slice(0, 12)}`;
  const line = `Session ${session.sessionId} ${stateOf(session)}: ${count} on ${landed.branch} (${moved}).`;
  return safeLine(line);
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
