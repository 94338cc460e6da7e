import type { CommandResult, Context } from "../context.js";
import type { boxStatus } from "../declare/box-status.js";
import type { Said } from "../declare/command.js";
import { EXIT } from "../exit-codes.js";
import { boxText } from "../print/box.js";

/** `cco box status`: the box, its policy and what it holds. Exit 7 where it cannot be used. */
export async function status(
  context: Context,
  flags: Said<typeof boxStatus>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox(flags.backend);
  const report = await sandbox.status();
  return {
    json: report,
    text: () => boxText(report),
    ids: [report.name],
    exitCode: report.status === "running" ? EXIT.done : EXIT.box,
  };
}
