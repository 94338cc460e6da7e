import { realpath } from "node:fs/promises";

import type { RemoveOptions } from "@cco/workspace";

import type { CommandResult, Context } from "../context.js";
import type { rm as declaration } from "../declare/rm.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";
import { removedText } from "../print/workspace.js";

type Flags = Said<typeof declaration>;

/** `cco rm`: remove windows and worktrees, and with `-d` or `-D` the branches. */
export async function rm(context: Context, flags: Flags): Promise<CommandResult> {
  const [repo, workspaces] = await Promise.all([context.parts.repo(), context.parts.workspaces()]);
  const merged = flags.merged === true ? await workspaces.merged(repo) : [];
  const wanted = [...new Set([...flags.branch, ...merged])];
  if (wanted.length === 0 && flags.merged !== true) {
    throw new CliError("USAGE", "which branch?", { hint: "cco ls, or cco rm --merged" });
  }
  const removed = await workspaces.remove(repo, wanted, {
    signal: context.signal,
    force: flags.force ?? false,
    shellDir: await realpath(context.cwd),
    ...deletion(flags),
  });
  return {
    json: removed,
    text: () => (removed.length === 0 ? "Nothing to remove." : removedText(removed)),
    ids: removed.map(({ branch }) => branch),
  };
}

function deletion(flags: Flags): Pick<RemoveOptions, "deleteBranch"> {
  if (flags.deleteAlways) return { deleteBranch: "always" };
  return flags.deleteMerged ? { deleteBranch: "merged" } : {};
}
