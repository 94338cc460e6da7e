import type { BackendCheck } from "@cco/backend";

import { table } from "../output/table.js";
import type { Paint } from "../output/talk.js";

/** Each check on a line, what mends it below, and a verdict on the backend. */
export function checksText(backend: string, checks: readonly BackendCheck[], paint: Paint): string {
  const rows = checks.map(({ name, ok, detail }) => [ok ? "ok" : "missing", name, detail]);
  const fixes = checks
    .filter(({ ok, fix }) => !ok && fix !== undefined)
    .map(({ name, fix }) => `  → ${name}: ${fix ?? ""}`);
  const bad = checks.filter(({ ok }) => !ok).length;
  const verdict =
    bad === 0
      ? `Backend ${backend} can be used.`
      : `Backend ${backend} cannot be used: ${String(bad)} to mend.`;
  return [table(["", "WHAT", "FOUND"], rows, paint), ...fixes, verdict].join("\n");
}
