import { publicSession } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxCancel } from "../declare/box-cancel.js";
import type { Said } from "../declare/command.js";
import { sessionLine } from "../print/sessions.js";

/** `cco box cancel`: stop the agent; what it left stays pullable. */
export async function cancel(
  context: Context,
  { session: id }: Said<typeof boxCancel>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const sessionId = await sandbox.idOf(id);
  const session = await sandbox.cancel(sessionId);
  return {
    json: publicSession(session),
    text: () => `${sessionLine(session)} What it left: cco box pull ${sessionId}`,
    ids: [sessionId],
  };
}
