import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Repo } from "@cco/git";

import { ifThere, writeWhole } from "./files.js";

/** What cco did in a worktree; kept in the worktree's own git folder and gone with it. */
export interface WorktreeState {
  /** Carried files by path: a copy's sha256, or a link's target. */
  readonly carried: Readonly<Record<string, string>>;
  /** Hash of the set-up script that succeeded. */
  readonly setup: string | null;
}

const NOTHING: WorktreeState = { carried: {}, setup: null };

/** @param worktree the worktree's own `Repo` */
export async function readState(worktree: Repo): Promise<WorktreeState> {
  const text = await ifThere(readFile(stateFile(worktree), "utf8"));
  if (text === null) return NOTHING;
  try {
    const value = JSON.parse(text) as Partial<Record<keyof WorktreeState, unknown>> | null;
    const { carried, setup } = value ?? {};
    return {
      carried: isRecord(carried) ? carried : {},
      setup: typeof setup === "string" ? setup : null,
    };
  } catch {
    // Unreadable: as if nothing was done, which is safe to do again.
    return NOTHING;
  }
}

export async function writeState(worktree: Repo, state: WorktreeState): Promise<void> {
  await writeWhole(stateFile(worktree), `${JSON.stringify(state)}\n`);
}

function stateFile(worktree: Repo): string {
  return join(worktree.gitDir, "cco-workspace.json");
}

function isRecord(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((each) => typeof each === "string")
  );
}
