import type { CommandResult, Context } from "../context.js";
import type { boxSend } from "../declare/box-send.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";

/** `cco box send`: put text to the agent, as one paste. */
export async function send(
  context: Context,
  { session: id, text: words }: Said<typeof boxSend>,
): Promise<CommandResult> {
  const text = words.join(" ");
  if (text.trim() === "") {
    throw new CliError("USAGE", "there is no text to send", {
      hint: 'cco box send <session> "what the agent is to know"',
    });
  }
  const sandbox = await context.parts.sandbox();
  const sessionId = await sandbox.idOf(id);
  await sandbox.send(sessionId, text);
  return {
    json: { sessionId, sent: text },
    text: () => `Sent to session ${sessionId}.`,
    ids: [sessionId],
  };
}
