import type { CommandResult, Context } from "../context.js";
import type { boxDiff } from "../declare/box-diff.js";
import type { Said } from "../declare/command.js";
import { diffText } from "../print/diff.js";

/** `cco box diff`: what pull would bring, with the policy report. */
export async function diff(
  context: Context,
  { session: id, ...flags }: Said<typeof boxDiff>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const sessionId = await sandbox.idOf(id);
  const report = await sandbox.diff(sessionId, { signal: context.signal });
  return {
    json: report,
    text: (paint) => diffText(report, { statOnly: flags.stat ?? false, paint }),
    ids: [sessionId],
  };
}
