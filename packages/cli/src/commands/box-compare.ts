import { publicSession } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxCompare } from "../declare/box-compare.js";
import type { Said } from "../declare/command.js";
import { compareTable } from "../print/compare.js";

/** `cco box compare`: sessions side by side, to choose the one to pull. */
export async function compare(
  context: Context,
  { session, check, allow }: Said<typeof boxCompare>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const ids = [...new Set(await Promise.all(session.map((id) => sandbox.idOf(id))))];
  const compared = await sandbox.compare(ids, {
    signal: context.signal,
    ...(check === undefined ? {} : { check }),
    ...(allow === undefined ? {} : { allow }),
  });
  return {
    json: compared.map((one) => ({ ...one, session: publicSession(one.session) })),
    text: (paint) => compareTable(compared, paint),
    ids,
  };
}
