import type { CommandResult, Context } from "../context.js";
import type { attach as declaration } from "../declare/attach.js";
import type { Said } from "../declare/command.js";
import { showWorkspace } from "./show-workspace.js";

/** `cco attach`: show a branch's window, or the repository's session. */
export async function attach(
  context: Context,
  { branch }: Said<typeof declaration>,
): Promise<CommandResult> {
  const [repo, workspaces] = await Promise.all([context.parts.repo(), context.parts.workspaces()]);
  await showWorkspace(context, await workspaces.attach(repo, branch));
  return { json: { repo: repo.main, branch: branch ?? null }, text: () => "" };
}
