import type { CommandResult, Context } from "../context.js";

/** `cco box send`: put text to the agent, as one paste. */
export async function send(context: Context, id: string, text: string): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const { sessionId } = await sandbox.find(id);
  await sandbox.send(sessionId, text);
  return {
    json: { sessionId, sent: text },
    text: () => `Sent to session ${sessionId}.`,
    ids: [sessionId],
  };
}
