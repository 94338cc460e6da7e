import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

import { SandboxError } from "./errors.js";
import { errnoOf } from "./failures.js";

/** A plan larger than this is no plan. */
const MAX_PLAN_BYTES = 10 * 1024 * 1024;

const NAME_IT = "a plan is a file of your own, Markdown as a rule; name its path";

/** A plan as it is on disk now. */
export interface PlanFile {
  /** As the caller named it, made absolute. */
  readonly file: string;
  readonly content: Buffer;
  readonly text: string;
}

/**
 * Read a plan.
 *
 * @param repoRoot what a relative `planPath` is relative to.
 * @throws {SandboxError} `PLAN_NOT_FOUND`, `PLAN_IS_FOLDER`, `PLAN_UNREADABLE`, `PLAN_EMPTY`.
 */
export async function readPlan(repoRoot: string, planPath: string): Promise<PlanFile> {
  if (planPath === "") {
    throw new SandboxError("PLAN_NOT_FOUND", "the plan's name is empty", { hint: NAME_IT });
  }
  const file = resolve(repoRoot, planPath);
  try {
    const found = await stat(file);
    if (found.isDirectory()) {
      throw new SandboxError("PLAN_IS_FOLDER", `the plan is a folder: ${planPath}`, {
        hint: "name a file in it",
      });
    }
    if (!found.isFile()) throw unreadable(planPath, "it is no regular file");
    if (found.size > MAX_PLAN_BYTES) throw unreadable(planPath, "it is larger than 10 MiB");
    const content = await readFile(file);
    const text = content.toString("utf8");
    if (text.trim() === "") {
      throw new SandboxError("PLAN_EMPTY", `the plan is empty: ${planPath}`, {
        hint: "write down what is to be done, then push it again",
      });
    }
    return { file, content, text };
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new SandboxError("PLAN_NOT_FOUND", `plan file not found: ${planPath}`, {
        hint: NAME_IT,
        cause: error,
      });
    }
    throw unreadable(planPath, code ?? String(error), error);
  }
}

/** Where the plan lies in the guest's workspace: its own path if it is in the worktree, else `.cco/plan/<name>`. */
export async function planPathInGuest(file: string, worktree: string): Promise<string> {
  const folder = await realpath(dirname(file));
  const inside = relative(await realpath(worktree), join(folder, basename(file)));
  const parts = inside.split(sep);
  const outside = parts[0] === ".." || isAbsolute(inside) || parts.includes(".git");
  // A name that git's exclude file cannot hold is not kept.
  const name = /\p{Cc}/u.test(inside) ? "plan.md" : basename(file);
  return outside || name !== basename(file) ? `.cco/plan/${name}` : parts.join("/");
}

function unreadable(planPath: string, why: string, cause?: unknown): SandboxError {
  return new SandboxError("PLAN_UNREADABLE", `the plan cannot be read: ${planPath} (${why})`, {
    hint: "name a file of text that you may read",
    cause,
  });
}

/** A short title for commits and lists: the plan's file name without its folder and ending. */
export function planTitle(plan: string): string {
  return basename(plan).replace(/\.(?:md|markdown|txt)$/i, "");
}
