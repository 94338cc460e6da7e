import type { CommandResult, Context } from "../context.js";
import { closePane } from "./pane.js";

/** `cco box rm`: forget sessions. All are looked up before the first goes. */
export async function rm(
  context: Context,
  ids: readonly string[],
  flags: { readonly force?: true },
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const found = await Promise.all(ids.map((id) => sandbox.find(id)));
  const sessions = [...new Map(found.map((session) => [session.sessionId, session])).values()];
  for (const session of sessions) {
    context.signal.throwIfAborted();
    await sandbox.remove(session.sessionId, { force: flags.force ?? false });
    await closePane(context, session);
  }
  const removed = sessions.map(({ sessionId }) => sessionId);
  return {
    json: { removed },
    text: () => removed.map((id) => `Session ${id} removed.`).join("\n"),
    ids: removed,
  };
}
