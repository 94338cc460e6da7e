import type { Finding } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";
import type { Paint } from "../output/talk.js";

/** `block: ci-config .github/workflows/ci.yml: a file that CI runs` */
export function findingText({ rule, tier, path, message }: Finding): string {
  const where = path === null ? "" : ` ${path}`;
  return safeLine(`${tier}: ${rule}${where}: ${message}`);
}

/** What intake saw, one line each. */
export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  return findings.map((finding) =>
    paint(finding.tier === "warn" ? "yellow" : "red", findingText(finding)),
  );
}
