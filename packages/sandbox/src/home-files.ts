import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import type { GuestFile } from "@cco/backend";

import type { AgentProfile, AgentSetUp } from "./agents/profile.js";
import { START } from "./credentials.js";
import { SandboxError } from "./errors.js";
import { errnoOf } from "./failures.js";
import { record } from "./agents/stream.js";

const MAX_BYTES = 20 * 1024 * 1024;

/**
 * The user's own files for every guest's home, in no order; none where there is no such folder.
 *
 * @param folder `$XDG_CONFIG_HOME/cco/guest`.
 * @throws {SandboxError} `GUEST_FILES_UNREADABLE`
 */
export async function userFiles(folder: string): Promise<readonly GuestFile[]> {
  const files: GuestFile[] = [];
  let left = MAX_BYTES;
  const visit = async (below: string): Promise<void> => {
    for (const name of await readdir(join(folder, below))) {
      const path = below === "" ? name : `${below}/${name}`;
      const found = await stat(join(folder, path));
      if (found.isDirectory()) await visit(path);
      if (!found.isFile()) continue;
      left -= found.size;
      if (left < 0) throw unreadable(folder, `more than ${MAX_BYTES / 1024 / 1024} MiB`);
      files.push({ path, content: await readFile(join(folder, path)), mode: found.mode & 0o777 });
    }
  };
  try {
    await visit("");
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    const code = errnoOf(error);
    if (code === "ENOENT" && files.length === 0) return [];
    throw unreadable(folder, code ?? String(error), error);
  }
  return files;
}

/** All files of a guest's home: the agent's, and the user's own on top. */
export async function homeFiles(
  profile: AgentProfile,
  context: AgentSetUp,
  planFiles: readonly GuestFile[],
  own: readonly GuestFile[],
): Promise<readonly GuestFile[]> {
  const files = new Map<string, GuestFile>();
  for (const file of [...planFiles, ...((await profile.setUp?.(context)) ?? [])]) {
    files.set(file.path, file);
  }
  files.set(".cco/start", { path: ".cco/start", content: START });
  for (const file of own) files.set(file.path, onTop(files.get(file.path), file));
  return [...files.values()];
}

/** The user's file; of two JSON objects both, so that what tells a turn's end is not lost. */
function onTop(below: GuestFile | undefined, own: GuestFile): GuestFile {
  if (below === undefined || !own.path.endsWith(".json")) return own;
  const [a, b] = [objectIn(below), objectIn(own)];
  if (a === null || b === null) return own;
  return { ...own, content: `${JSON.stringify(merged(a, b), null, 2)}\n` };
}

function objectIn({ content }: GuestFile): object | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Objects key by key, lists one after the other; else what is on top. */
export function merged(below: unknown, top: unknown): unknown {
  if (Array.isArray(below) && Array.isArray(top))
    return [...(below as unknown[]), ...(top as unknown[])];
  if (!isObject(below) || !isObject(top)) return top;
  const keys = new Set([...Object.keys(below), ...Object.keys(top)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      const [one, two] = [record(below)[key], record(top)[key]];
      return [key, two === undefined ? one : one === undefined ? two : merged(one, two)];
    }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadable(folder: string, why: string, cause?: unknown): SandboxError {
  return new SandboxError(
    "GUEST_FILES_UNREADABLE",
    `your guest files cannot be read: ${folder} (${why})`,
    {
      hint: "what lies there goes into every guest's home",
      cause,
    },
  );
}
