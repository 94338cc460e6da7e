import type { CommandResult, Context } from "../context.js";
import type { boxSend } from "../declare/box-send.js";
import type { Said } from "../declare/command.js";

/** `cco box send`: put text to the agent, as one paste. */
export async function send(
  context: Context,
  { session: id, text: words }: Said<typeof boxSend>,
): Promise<CommandResult> {
  const text = words.join(" ");
  const sandbox = await context.parts.sandbox();
  const { sessionId } = await sandbox.find(id);
  await sandbox.send(sessionId, text);
  return {
    json: { sessionId, sent: text },
    text: () => `Sent to session ${sessionId}.`,
    ids: [sessionId],
  };
}
