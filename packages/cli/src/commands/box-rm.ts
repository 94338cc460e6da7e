import { SandboxError, type Sandbox } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxRm } from "../declare/box-rm.js";
import type { Said } from "../declare/command.js";
import { closePane } from "./pane.js";

/** `cco box rm`: forget sessions. All are looked up before the first goes. */
export async function rm(
  context: Context,
  { session: ids, ...flags }: Said<typeof boxRm>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const force = flags.force ?? false;
  const found = await Promise.all(ids.map((id) => lookUp(sandbox, id, force)));
  const removed = [...new Set(found.map(({ sessionId }) => sessionId))];
  for (const sessionId of removed) {
    context.signal.throwIfAborted();
    await sandbox.remove(sessionId, { force });
    const session = found.find((one) => one.sessionId === sessionId);
    if (session !== undefined) await closePane(context, session);
  }
  return {
    json: { removed },
    text: () => removed.map((id) => `Session ${id} removed.`).join("\n"),
    ids: removed,
  };
}

/** With `force` a session whose record cannot be read is one too; it has to be named whole. */
async function lookUp(
  sandbox: Sandbox,
  id: string,
  force: boolean,
): Promise<{ readonly sessionId: string; readonly pane: string | null }> {
  try {
    return await sandbox.find(id);
  } catch (error) {
    const unreadable = error instanceof SandboxError && error.code === "SESSION_UNREADABLE";
    if (!unreadable || !force) throw error;
    return { sessionId: id, pane: null };
  }
}
