import type { GcItem } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxGc } from "../declare/box-gc.js";
import type { Said } from "../declare/command.js";

/** `cco box gc`: remove what is pulled, orphaned or expired; never unpulled work. */
export async function gc(context: Context, flags: Said<typeof boxGc>): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const dryRun = flags.dryRun ?? false;
  const report = await sandbox.gc({ dryRun });
  return {
    json: { dryRun, ...report },
    text: () => textOf(report.removed, dryRun ? "Would remove" : "Removed"),
    ids: report.removed.map(({ id }) => id),
  };
}

function textOf(removed: readonly GcItem[], verb: string): string {
  if (removed.length === 0) return "Nothing to remove.";
  return removed.map(({ kind, id, why }) => `${verb} ${kind} ${id} (${why}).`).join("\n");
}
