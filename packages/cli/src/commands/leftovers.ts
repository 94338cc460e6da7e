import { GitError } from "@cco/git";

import type { Context } from "../context.js";
import type { LeftoverReport } from "../print/doctor.js";

/** Of sessions everywhere, and of this repository's workspaces. What cannot be asked is no leftover. */
export async function findLeftovers(context: Context): Promise<readonly LeftoverReport[]> {
  const [sessions, workspaces] = await Promise.allSettled([
    context.parts.sandbox().then((sandbox) => sandbox.gc({ dryRun: true })),
    workspaceLeftovers(context),
  ]);
  return [
    ...(sessions.status === "fulfilled" ? sessions.value.removed : []).map(
      ({ kind, id, why }): LeftoverReport => ({ kind, name: id, detail: why, fix: "cco box gc" }),
    ),
    ...(workspaces.status === "fulfilled" ? workspaces.value : []),
  ];
}

async function workspaceLeftovers(context: Context): Promise<readonly LeftoverReport[]> {
  try {
    const [repo, workspaces] = await Promise.all([
      context.parts.repo(),
      context.parts.workspaces(),
    ]);
    return await workspaces.leftovers(repo);
  } catch (error) {
    if (error instanceof GitError) return [];
    throw error;
  }
}
