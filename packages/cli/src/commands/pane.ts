import type { Context } from "../context.js";

/** Close the pane that shows a session. A pane that cannot be closed is a note, never a failure. */
export async function closePane(
  context: Context,
  session: { readonly sessionId: string; readonly pane: string | null },
): Promise<void> {
  if (session.pane === null) return;
  const workspaces = await context.parts.workspaces();
  const { outcome, detail } = await workspaces.closePane(session.sessionId);
  if (outcome === "failed") context.talk.note(`the pane was not closed: ${detail ?? "no reason"}`);
}
