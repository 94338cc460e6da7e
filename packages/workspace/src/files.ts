import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";

import { WorkspaceError } from "./errors.js";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "read-only file system",
  ENOSPC: "no space left",
  EDQUOT: "quota exceeded",
  ENOTDIR: "something in its path is no folder",
  EEXIST: "a file is in its place",
  ELOOP: "a link in its path leads to itself",
  // As below /proc.
  ENOENT: "it cannot be made",
};

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** `null` where the thing is not there. */
export async function ifThere<T>(question: Promise<T>): Promise<T | null> {
  try {
    return await question;
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return null;
    throw error;
  }
}

/** The real path of a folder of cco's own; `null` where it is not there. @throws {WorkspaceError} `FOLDER_NOT_WRITABLE` */
export async function ownFolder(folder: string): Promise<string | null> {
  try {
    return await ifThere(realpath(folder));
  } catch (error) {
    const reason = REASONS[errnoOf(error) ?? ""];
    if (reason === undefined) throw error;
    throw new WorkspaceError("FOLDER_NOT_WRITABLE", `cannot look into ${folder}: ${reason}`, {
      hint: "let yourself read it, or set XDG_DATA_HOME to another folder",
      cause: error,
    });
  }
}

/** Write a file whole, then put it in its place. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o644);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Do what writes to a folder of cco's own; a file system that does not let it is told plainly. */
export async function writing<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await whyNotWritten(folder, error);
  }
}

/** The error of a write below a folder of cco's own, told plainly where the file system did not let it. */
export async function whyNotWritten(folder: string, error: unknown): Promise<unknown> {
  // Node's recursive mkdir says ENOENT where a file system is read-only.
  const errno = errnoOf(error) === "ENOENT" ? await whyNotMade(folder) : errnoOf(error);
  const reason = REASONS[errno ?? ""];
  if (reason === undefined) return error;
  return new WorkspaceError("FOLDER_NOT_WRITABLE", `cannot write ${folder}: ${reason}`, {
    hint: "make it writable, or set XDG_DATA_HOME to another folder",
    cause: error,
  });
}

/** What is in the way of making the first missing folder on the path; it is not kept. */
async function whyNotMade(folder: string): Promise<string | undefined> {
  let missing = folder;
  while ((await ifThere(lstat(dirname(missing)))) === null) missing = dirname(missing);
  try {
    await mkdir(missing);
    await rmdir(missing);
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

/** Remove a tree that holds nothing but folders. @returns `false` where anything else is in it. */
export async function removeEmptyTree(path: string): Promise<boolean> {
  const entries = await ifThere(readdir(path, { withFileTypes: true }));
  if (entries === null) return true;
  if (entries.some((entry) => !entry.isDirectory())) return false;
  for (const entry of entries) {
    if (!(await removeEmptyTree(join(path, entry.name)))) return false;
  }
  await rmdir(path);
  return true;
}
