import { RunError } from "@cco/exec";

import { SandboxError } from "./errors.js";

/** The system's name of an error (`ENOENT`), where it has one. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** How tools under `LC_ALL=C` say it. */
export const NO_SPACE = /No space left on device|Disk quota exceeded/;

/** The `DISK_FULL` error, where `error` says that no space was left under `where` on the host. */
export function diskFull(error: unknown, where: string): SandboxError | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = errnoOf(at);
    if (code === "ENOSPC" || code === "EDQUOT" || NO_SPACE.test(at.message)) {
      return new SandboxError("DISK_FULL", `no space left on the disk of ${where}`, {
        hint: "free some, then run the same command again; `cco box gc` removes what is pulled",
        cause: error,
      });
    }
  }
  return undefined;
}

const NOT_WRITABLE: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "read-only file system",
  ENOTDIR: "something in its path is no folder",
  EEXIST: "a file is in its place",
  // As below /proc.
  ENOENT: "it cannot be made",
};

/** What keeps cco from writing its own folder `where` on the host, told plainly; else `error`. */
export function notWritten(error: unknown, where: string): unknown {
  const full = diskFull(error, where);
  if (full !== undefined) return full;
  const reason = NOT_WRITABLE[errnoOf(error) ?? ""];
  if (reason === undefined) return error;
  return new SandboxError("FOLDER_NOT_WRITABLE", `cannot write ${where}: ${reason}`, {
    hint: "make it writable, or set XDG_DATA_HOME to another folder",
    cause: error,
  });
}

/** The `INTERRUPTED` error. */
export function interrupted(cause?: unknown): SandboxError {
  return new SandboxError("INTERRUPTED", "interrupted", {
    hint: "run the same command again: it goes on where this one stopped",
    cause,
  });
}

/** Whether `error` is only the consequence of an aborted signal. */
export function isAbort(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false;
  if (error === signal.reason) return true;
  if (error instanceof RunError) return error.code === "COMMAND_ABORTED";
  return error instanceof Error && (error.name === "AbortError" || errnoOf(error) === "ABORT_ERR");
}

/** @throws {SandboxError} `INTERRUPTED`, where the signal was aborted. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw interrupted(signal.reason);
}
