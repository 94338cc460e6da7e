import type { DesktopMethod, NotifyOptions } from "@cco/workspace";

import type { CommandResult, Context } from "../context.js";
import type { notify as declaration } from "../declare/notify.js";
import type { Said } from "../declare/command.js";

type Flags = Said<typeof declaration>;

/** `cco notify`: a bell on the window of this worktree. Never a failure: agents' hooks call it. */
export async function notify(context: Context, flags: Flags): Promise<CommandResult> {
  const result = await marked(context, flags);
  return { json: result, text: () => "" };
}

async function marked(context: Context, flags: Flags): Promise<object> {
  try {
    const [workspaces, options] = await Promise.all([
      context.parts.workspaces(),
      messageOf(context, flags.message),
    ]);
    return await workspaces.notify(context.globals.repo, options);
  } catch (error) {
    return { outcome: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}

/** A message is for the desktop, and only where the configuration asks for it. */
async function messageOf(context: Context, text: string | undefined): Promise<NotifyOptions> {
  const method = text === undefined ? undefined : await desktopMethod(context);
  return text === undefined || method === undefined ? {} : { message: { text, method } };
}

/** How messages reach the desktop; `undefined`: they do not. */
export async function desktopMethod({ parts }: Context): Promise<DesktopMethod | undefined> {
  const method = (await parts.userConfig()).notify?.desktop ?? "off";
  return method === "off" ? undefined : method;
}
