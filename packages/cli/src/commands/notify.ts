import type { CommandResult, Context } from "../context.js";

/** `cco notify`: a bell on the window of this worktree. Never a failure: agents' hooks call it. */
export async function notify(context: Context): Promise<CommandResult> {
  const result = await marked(context);
  return { json: result, text: () => "" };
}

async function marked(context: Context): Promise<object> {
  try {
    return await (await context.parts.workspaces()).notify(context.globals.repo);
  } catch (error) {
    return { outcome: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}
