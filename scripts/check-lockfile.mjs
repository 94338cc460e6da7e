/** The lockfile must be good for every registry: it names versions and hashes, no hosts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { report, root } from "./lib.mjs";

const lines = readFileSync(join(root, "pnpm-lock.yaml"), "utf8").split("\n");
report(
  lines.flatMap((line, index) =>
    /https?:\/\/|\btarball:/.test(line) ? [`pnpm-lock.yaml:${index + 1}: ${line.trim()}`] : [],
  ),
);
