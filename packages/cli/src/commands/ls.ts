import type { CommandResult, Context } from "../context.js";

/** `cco ls`: the repository's workspaces, each with its sessions. */
export async function ls(context: Context): Promise<CommandResult> {
  const [repo, workspaces] = await Promise.all([context.parts.repo(), context.parts.workspaces()]);
  const listing = workspaces.list(repo);
  // Loaded while git and tmux work.
  const [entries, { publicSession }, { workspaceTable }] = await Promise.all([
    listing,
    import("@cco/sandbox"),
    import("../print/workspace.js"),
  ]);
  return {
    json: entries.map((entry) => ({ ...entry, sessions: entry.sessions.map(publicSession) })),
    text: (paint) =>
      entries.length === 0
        ? "No workspaces. Make one with: cco add <branch>"
        : workspaceTable(entries, paint),
    ids: entries.flatMap(({ branch }) => (branch === null ? [] : [branch])),
  };
}
