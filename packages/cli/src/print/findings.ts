import type { Finding } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import type { Paint } from "../output/talk.js";

/** What intake saw, one line each. */
export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  return findings.map(({ rule, tier, path, message }) => {
    const where = path === null ? "" : ` ${path}`;
    const color = tier === "warn" ? "yellow" : "red";
    return `${paint(color, `${tier}:`)} ${safeLine(`${rule}${where}: ${message}`)}`;
  });
}
