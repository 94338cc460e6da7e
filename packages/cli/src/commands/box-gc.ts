import type { GcItem } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxGc } from "../declare/box-gc.js";
import type { Said } from "../declare/command.js";

/** `cco box gc`: remove what is pulled, orphaned or expired; never unpulled work. */
export async function gc(context: Context, flags: Said<typeof boxGc>): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const dryRun = flags.dryRun ?? false;
  const report = await sandbox.gc({ dryRun });
  for (const line of keptLines(report.kept)) context.talk.note(line);
  return {
    json: { dryRun, ...report },
    text: () => textOf(report.removed, dryRun ? "Would remove" : "Removed"),
    ids: report.removed.map(({ id }) => id),
  };
}

/** `kept, unpulled: session 7f3a9c21, guest …`: a line for each reason. */
function keptLines(kept: readonly GcItem[]): readonly string[] {
  const reasons = [...new Set(kept.map(({ why }) => why))];
  return reasons.map((why) => {
    const items = kept.filter((item) => item.why === why);
    return `kept, ${why}: ${items.map(({ kind, id }) => `${kind} ${id}`).join(", ")}`;
  });
}

function textOf(removed: readonly GcItem[], verb: string): string {
  if (removed.length === 0) return "Nothing to remove.";
  return removed.map(({ kind, id, why }) => `${verb} ${kind} ${id} (${why}).`).join("\n");
}
