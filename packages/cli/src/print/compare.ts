import type { ComparedSession, Session } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import { table } from "../output/table.js";
import type { Paint } from "../output/talk.js";
import { stateOf } from "./sessions.js";

/** Sessions side by side, and below what is wrong with the results. */
export function compareTable(compared: readonly ComparedSession[], paint: Paint): string {
  const rows = compared.map((one) => [
    one.session.sessionId,
    stateOf(one.session),
    String(one.changes.commits),
    String(one.changes.files),
    `+${String(one.changes.added)} -${String(one.changes.removed)}`,
    String(one.findings.length),
    one.check === null ? "" : one.check.ok ? "ok" : "failed",
    usageOf(one.session),
    took(one.session),
    one.session.plan,
  ]);
  const head = [
    "SESSION",
    "STATE",
    "COMMITS",
    "FILES",
    "LINES",
    "FINDINGS",
    "CHECK",
    "TURNS",
    "TIME",
    "PLAN",
  ];
  const failures = compared.flatMap(({ session, check }) =>
    check?.message === undefined || check.message === null
      ? []
      : [paint("red", safeLine(`${session.sessionId}: ${check.message}`))],
  );
  return [table(head, rows, paint), ...failures].join("\n");
}

/** `12, $0.34`, where the agent told it. */
function usageOf({ usage }: Session): string {
  if (usage === null) return "";
  const cost = usage.costUsd === null ? "" : `, $${usage.costUsd.toFixed(2)}`;
  return `${String(usage.turns)}${cost}`;
}

/** From start to end, in whole seconds. */
function took({ startedAt, endedAt }: Session): string {
  if (startedAt === null || endedAt === null) return "";
  return `${String(Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000))}s`;
}
