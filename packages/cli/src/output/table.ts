import Table from "cli-table3";

import { safeLine } from "./safe-text.js";
import type { Paint } from "./talk.js";

const NO_LINES = Object.fromEntries(
  ["top", "bottom", "left", "right"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat(["mid", "mid-mid", "left-mid", "right-mid"])
    .map((name) => [name, ""]),
);

/** A table without lines: columns apart by two spaces, the head dimmed on a terminal. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const grid = new Table({
    chars: { ...NO_LINES, middle: "  " },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  grid.push(head.map((cell) => paint("dim", cell)));
  for (const row of rows) grid.push(row.map(safeLine));
  return grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
