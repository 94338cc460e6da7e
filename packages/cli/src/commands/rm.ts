import { realpath } from "node:fs/promises";

import type { RemoveOptions } from "@cco/workspace";

import type { CommandResult, Context } from "../context.js";
import { CliError } from "../errors.js";
import { removedText } from "../print/workspace.js";

export interface RmFlags {
  /** `-d` */
  readonly deleteMerged?: true;
  /** `-D` */
  readonly deleteAlways?: true;
  readonly merged?: true;
  readonly force?: true;
}

/** `cco rm`: remove windows and worktrees, and with `-d` or `-D` the branches. */
export async function rm(
  context: Context,
  branches: readonly string[],
  flags: RmFlags,
): Promise<CommandResult> {
  const [repo, workspaces] = await Promise.all([context.parts.repo(), context.parts.workspaces()]);
  const merged = flags.merged === true ? await workspaces.merged(repo) : [];
  const wanted = [...new Set([...branches, ...merged])];
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

function deletion(flags: RmFlags): Pick<RemoveOptions, "deleteBranch"> {
  if (flags.deleteAlways) return { deleteBranch: "always" };
  return flags.deleteMerged ? { deleteBranch: "merged" } : {};
}
