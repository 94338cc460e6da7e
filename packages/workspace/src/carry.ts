import { createHash } from "node:crypto";
import {
  constants,
  copyFile,
  cp,
  lstat,
  mkdir,
  readFile,
  readlink,
  realpath,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";

import { WorkspaceError } from "./errors.js";
import { ifThere } from "./files.js";
import { isWithin } from "./paths.js";
import type { CarriedFile } from "./types.js";

/** What every workspace gets: the agent's permissions of this repository, which git ignores. */
export const ALWAYS_CARRIED: readonly CarriedFile[] = [{ path: ".claude/settings.local.json" }];

/** A folder that was copied is not compared later. */
const FOLDER = "folder";

/**
 * Bring `files` of the main worktree into another; what is there already is never
 * touched, and what the main worktree has not is left out.
 *
 * @param onCarried called for each, with the mark by which {@link isUntouched} knows it again.
 * @throws {WorkspaceError} `CARRY_FAILED`
 */
export async function carryFiles(
  from: string,
  to: string,
  files: readonly CarriedFile[],
  onCarried: (path: string, how: "copy" | "symlink", mark: string) => void,
): Promise<void> {
  for (const { path, how = "copy" } of files) {
    const relative = checkedPath(path);
    const source = join(from, relative);
    const target = join(to, relative);
    if ((await ifThere(lstat(source))) === null || (await ifThere(lstat(target))) !== null)
      continue;
    try {
      await makeParent(to, target);
      onCarried(
        relative,
        how,
        how === "copy" ? await copy(source, target) : await link(source, target),
      );
    } catch (error) {
      if (error instanceof WorkspaceError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new WorkspaceError("CARRY_FAILED", `cannot carry over ${relative}: ${reason}`, {
        hint: "mend or remove its entry in the configuration's list of files",
        cause: error,
      });
    }
  }
}

/** Whether a carried file is still as it was carried, so that nothing is lost with it. */
export async function isUntouched(worktree: string, path: string, mark: string): Promise<boolean> {
  if (mark === FOLDER) return false;
  const target = join(worktree, path);
  const found = await ifThere(lstat(target));
  if (found === null) return true;
  if (found.isSymbolicLink()) return (await readlink(target)) === mark;
  return found.isFile() && (await hashOf(target)) === mark;
}

/** A path from configuration, which a repository may have written: inside the worktree, outside of git's folder. */
function checkedPath(path: string): string {
  const relative = normalize(path).replace(/[/\\]+$/, "");
  const parts = relative.split(sep);
  const bad = relative === "." || relative === "" || isAbsolute(path) || path.includes("\0");
  if (bad || parts[0] === ".." || parts.some((part) => part.toLowerCase() === ".git")) {
    throw new WorkspaceError("CARRY_FAILED", `cannot carry over ${JSON.stringify(path)}`, {
      hint: "list files by their path in the repository, such as .env",
    });
  }
  return relative;
}

/** A branch may hold a link in a folder's place: nothing is written through one. */
async function makeParent(worktree: string, target: string): Promise<void> {
  const parent = dirname(target);
  let existing = parent;
  while ((await ifThere(lstat(existing))) === null) existing = dirname(existing);
  if (!isWithin(worktree, await realpath(existing))) {
    throw new WorkspaceError("CARRY_FAILED", `${parent} leads out of the worktree`, {
      hint: "the branch has a symbolic link there",
    });
  }
  await mkdir(parent, { recursive: true });
}

async function copy(source: string, target: string): Promise<string> {
  if ((await stat(source)).isDirectory()) {
    await cp(source, target, {
      recursive: true,
      errorOnExist: true,
      force: false,
      verbatimSymlinks: true,
      preserveTimestamps: true,
      mode: constants.COPYFILE_FICLONE,
    });
    return FOLDER;
  }
  await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  return hashOf(target);
}

async function link(source: string, target: string): Promise<string> {
  await symlink(source, target);
  return source;
}

async function hashOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
