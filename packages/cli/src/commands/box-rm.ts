import { SandboxError, type Sandbox } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxRm } from "../declare/box-rm.js";
import type { Said } from "../declare/command.js";
import { closePane } from "./pane.js";

interface Removable {
  readonly sessionId: string;
  readonly pane: string | null;
  /** Whether its record was there. */
  readonly known: boolean;
}

/** `cco box rm`: forget sessions. All are looked up before the first goes. */
export async function rm(
  context: Context,
  { session: ids, ...flags }: Said<typeof boxRm>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const force = flags.force ?? false;
  const found = await Promise.all(ids.map((id) => lookUp(sandbox, id, force)));
  // What has no record may not be there at all.
  const inOrder = [...found].sort((a, b) => Number(a.known) - Number(b.known));
  const removed = new Set<string>();
  for (const { sessionId, pane } of inOrder) {
    if (removed.has(sessionId)) continue;
    context.signal.throwIfAborted();
    await sandbox.remove(sessionId, { force });
    await closePane(context, { sessionId, pane });
    removed.add(sessionId);
  }
  const gone = [...removed];
  return {
    json: { removed: gone },
    text: () => gone.map((id) => `Session ${id} removed.`).join("\n"),
    ids: gone,
  };
}

/** With `force` one whose record cannot be read, or is gone, is one too; it has to be named whole. */
async function lookUp(sandbox: Sandbox, id: string, force: boolean): Promise<Removable> {
  try {
    return { ...(await sandbox.get(await sandbox.idOf(id))), known: true };
  } catch (error) {
    const code = error instanceof SandboxError ? error.code : undefined;
    const known = code === "SESSION_UNREADABLE";
    const named = (known || code === "SESSION_NOT_FOUND") && /^[0-9a-f]{8}$/.test(id);
    if (!named || !force) throw error;
    return { sessionId: id, pane: null, known };
  }
}
