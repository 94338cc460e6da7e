import type { BackendCheck } from "@cco/backend";

import { table } from "../output/table.js";
import { safeLine } from "../output/safe-text.js";
import type { Paint } from "../output/talk.js";
import { checksText } from "./checks.js";

export interface BackendReport {
  readonly name: string;
  readonly ready: boolean;
  readonly checks: readonly BackendCheck[];
}

/** Something that is of no use any more, with the command that removes or mends it. */
export interface LeftoverReport {
  readonly kind: string;
  readonly name: string;
  readonly detail: string;
  readonly fix: string;
}

/** Leftovers of something that could not be asked. */
export interface UnknownReport {
  readonly of: string;
  readonly why: string;
  readonly fix: string | null;
}

export interface DoctorReport {
  readonly backend: string;
  readonly checks: readonly BackendCheck[];
  readonly others: readonly BackendReport[];
  readonly leftovers: readonly LeftoverReport[];
  readonly unknown: readonly UnknownReport[];
}

/** The default backend's checks, then the other backends, then what is left over. */
export function doctorText(report: DoctorReport, paint: Paint): string {
  return [
    checksText(report.backend, report.checks, paint),
    ...othersText(report.others, paint),
    ...leftoversText(report.leftovers, paint),
    ...unknownText(report.unknown),
  ].join("\n");
}

function othersText(others: readonly BackendReport[], paint: Paint): string[] {
  if (others.length === 0) return [];
  const rows = others.map(({ name, ready, checks }) => {
    const bad = checks.find(({ ok }) => !ok);
    const missing = bad === undefined ? "" : `${bad.name}: ${bad.detail}`;
    const fix = bad?.fix === undefined ? "" : `→ ${bad.fix}`;
    return [name, ready ? "ready" : "not ready", missing, fix];
  });
  return ["", table(["OTHER BACKEND", "", "MISSING", ""], rows, paint)];
}

function unknownText(unknown: readonly UnknownReport[]): string[] {
  const lines = unknown.flatMap(({ of, why, fix }) => [
    safeLine(`Whether ${of} left something over is not known: ${why}`),
    ...(fix === null ? [] : [safeLine(`  → ${fix}`)]),
  ]);
  return lines.length === 0 ? [] : ["", ...lines];
}

function leftoversText(leftovers: readonly LeftoverReport[], paint: Paint): string[] {
  if (leftovers.length === 0) return [];
  const rows = leftovers.map(({ kind, name, detail }) => [kind, name, detail]);
  const fixes = [...new Set(leftovers.map(({ fix }) => fix))];
  return [
    "",
    table(["LEFT OVER", "NAME", "WHY"], rows, paint),
    ...fixes.map((fix) => safeLine(`  → ${fix}`)),
  ];
}
