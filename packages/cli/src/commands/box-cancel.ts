import { publicSession } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import { sessionLine } from "../print/sessions.js";

/** `cco box cancel`: stop the agent; what it left stays pullable. */
export async function cancel(context: Context, id: string): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const { sessionId } = await sandbox.find(id);
  const session = await sandbox.cancel(sessionId);
  return {
    json: publicSession(session),
    text: () => `${sessionLine(session)} What it left: cco box pull ${sessionId}`,
    ids: [sessionId],
  };
}
