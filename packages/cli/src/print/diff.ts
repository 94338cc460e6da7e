import type { DiffFile, DiffReport } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import { table } from "../output/table.js";
import type { Paint } from "../output/talk.js";
import { findingLines } from "./findings.js";
import { commits } from "./sessions.js";

/** Commits, files and findings; with `statOnly` the files alone. */
export function diffText(
  report: DiffReport,
  options: { readonly statOnly: boolean; readonly paint: Paint },
): string {
  const { paint, statOnly } = options;
  const files = report.files.length === 0 ? [] : [fileTable(report.files, paint)];
  if (statOnly) return files.join("\n");
  return [
    `${commits(report.commits.length)} beyond ${report.base.slice(0, 12)}`,
    ...report.commits.map(
      ({ sha, subject }) => `${paint("yellow", sha.slice(0, 12))} ${safeLine(subject)}`,
    ),
    ...files,
    ...findingLines(report.findings, paint),
  ].join("\n");
}

function fileTable(files: readonly DiffFile[], paint: Paint): string {
  const lines = (sign: string, count: number | null): string =>
    count === null ? "binary" : `${sign}${String(count)}`;
  return table(
    ["", "ADDED", "REMOVED", "FILE"],
    files.map(({ status, path, added, removed }) => [
      status,
      lines("+", added),
      lines("-", removed),
      path,
    ]),
    paint,
  );
}
