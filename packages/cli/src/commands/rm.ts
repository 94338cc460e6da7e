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
  if (flags.merged === true && flags.branch.length > 0) {
    throw new CliError("USAGE", "name branches or say --merged, not both", {
      hint: "cco rm --help",
    });
  }
  if (flags.branch.length === 0 && flags.merged !== true) {
    throw new CliError("USAGE", "which branch?", { hint: "cco ls, or cco rm --merged" });
  }
  const wanted = flags.merged === true ? await workspaces.merged(repo) : flags.branch;
  const removed = await workspaces.remove(repo, wanted, {
    signal: context.signal,
    force: flags.force ?? false,
    skipRefused: flags.merged ?? false,
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
  // A branch that gets a commit while merged ones are removed is not to be lost.
  if (flags.deleteAlways) return { deleteBranch: flags.merged === true ? "merged" : "always" };
  return flags.deleteMerged ? { deleteBranch: "merged" } : {};
}
