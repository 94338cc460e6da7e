import { CcoError } from "@cco/exec";
import { GitError } from "@cco/git";

import type { Context } from "../context.js";
import type { LeftoverReport, UnknownReport } from "../print/doctor.js";

/** What is left over, and of what that could not be found out. */
export interface Leftovers {
  readonly leftovers: readonly LeftoverReport[];
  readonly unknown: readonly UnknownReport[];
}

/** Of sessions everywhere, and of this repository's workspaces. */
export async function findLeftovers(context: Context): Promise<Leftovers> {
  const [sessions, workspaces] = await Promise.all([
    asked("sessions", sessionLeftovers(context)),
    asked("workspaces", workspaceLeftovers(context)),
  ]);
  return {
    leftovers: [...sessions.leftovers, ...workspaces.leftovers],
    unknown: [...sessions.unknown, ...workspaces.unknown],
  };
}

/** A question that failed is no answer. */
async function asked(of: string, asking: Promise<readonly LeftoverReport[]>): Promise<Leftovers> {
  try {
    return { leftovers: await asking, unknown: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const fix = error instanceof CcoError ? (error.hint ?? null) : null;
    return { leftovers: [], unknown: [{ of, why, fix }] };
  }
}

async function sessionLeftovers(context: Context): Promise<readonly LeftoverReport[]> {
  const sandbox = await context.parts.sandbox();
  const { removed } = await sandbox.gc({ dryRun: true });
  return removed.map(({ kind, id, why }) => ({ kind, name: id, detail: why, fix: "cco box gc" }));
}

async function workspaceLeftovers(context: Context): Promise<readonly LeftoverReport[]> {
  const repo = await context.parts.repo().catch((error: unknown) => {
    // Outside of a repository there are none.
    if (error instanceof GitError && NO_WORKTREE.includes(error.code)) return undefined;
    throw error;
  });
  if (repo === undefined) return [];
  return (await context.parts.workspaces()).leftovers(repo);
}

const NO_WORKTREE = ["NOT_A_REPOSITORY", "BARE_REPOSITORY"];
