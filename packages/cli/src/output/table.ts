import stringWidth from "fast-string-width";

import { safeLine } from "./safe-text.js";
import type { Paint } from "./talk.js";

const GAP = "  ";

/** A table without lines: columns two spaces apart, the head dimmed on a terminal. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const cells = rows.map((row) => row.map(safeLine));
  const widths = head.map((title, column) =>
    Math.max(...[title, ...cells.map((row) => row[column] ?? "")].map((cell) => stringWidth(cell))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - stringWidth(cell)))
      .join(GAP)
      .trimEnd();
  return [paint("dim", line(head)), ...cells.map(line)].join("\n");
}
