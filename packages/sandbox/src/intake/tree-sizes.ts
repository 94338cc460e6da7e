import type { Git } from "@cco/git";

import { bytes } from "./limits.js";
import { readContents, type ContentReader } from "./objects.js";
import { refuse } from "./refuse.js";

export interface TreeSizesRequest {
  /** git in the quarantine. */
  readonly git: Git;
  /** Trees of the new commits. */
  readonly roots: readonly string[];
  /** Trees worth reading at once: those that were sent. */
  readonly likely: readonly string[];
  /** Files in the trees of the pushed commit, by tree. */
  readonly known: ReadonlyMap<string, number>;
  /** Files that one tree may hold, all folders together. */
  readonly maxFiles: number;
  readonly signal?: AbortSignal | undefined;
}

interface Folder {
  readonly files: number;
  readonly folders: readonly string[];
}

const MAX_FOLDER_BYTES = 64 * 1024 * 1024;

/**
 * Count the files of trees without listing them: ten folders of ten folders of … that are
 * all the same object are a few hundred bytes, and more files than git's diff can hold.
 *
 * @throws {IntakeError} `too-big`
 */
export async function checkTreeSizes(request: TreeSizesRequest): Promise<void> {
  const { git, roots, likely, known, maxFiles, signal } = request;
  const folders = new Map<string, Folder>();
  const isUnread = (sha: string): boolean => !known.has(sha) && !folders.has(sha);
  let wanted = [...new Set([...roots, ...likely])].filter(isUnread);
  // Mostly one round: what is neither new nor the pushed commit's is an older state of it.
  while (wanted.length > 0) {
    await readContents(git, wanted, new FolderReader(folders, roots[0] ?? ""), signal);
    const children = wanted.flatMap((sha) => folders.get(sha)?.folders ?? []);
    wanted = [...new Set(children)].filter(isUnread);
  }
  const counts = new Map(known);
  for (const root of roots) {
    if (countFiles(root, folders, counts) > maxFiles) {
      throw refuse("too-big", `a commit holds more than ${String(maxFiles)} files`);
    }
  }
}

/** Without recursion: trees can be nested deeper than a stack. */
function countFiles(
  root: string,
  folders: ReadonlyMap<string, Folder>,
  counts: Map<string, number>,
): number {
  const todo = [root];
  for (let sha = todo.at(-1); sha !== undefined; sha = todo.at(-1)) {
    const folder = folders.get(sha);
    const missing = folder?.folders.filter((child) => !counts.has(child)) ?? [];
    if (missing.length > 0 && !counts.has(sha)) {
      todo.push(...missing);
      continue;
    }
    todo.pop();
    if (counts.has(sha)) continue;
    const inside = folder?.folders.reduce((sum, child) => sum + (counts.get(child) ?? 0), 0) ?? 0;
    counts.set(sha, (folder?.files ?? 0) + inside);
  }
  return counts.get(root) ?? 0;
}

/** Keeps of each tree how many files it has, and its folders. */
class FolderReader implements ContentReader {
  readonly #folders: Map<string, Folder>;
  readonly #idBytes: number;
  #sha = "";
  #chunks: Buffer[] = [];

  /** @param id of any object: all have the same length */
  constructor(folders: Map<string, Folder>, id: string) {
    this.#folders = folders;
    this.#idBytes = id.length / 2;
  }

  begin(sha: string, _type: string, size: number): void {
    if (size > MAX_FOLDER_BYTES) throw refuse("too-big", `a folder's list takes ${bytes(size)}`);
    this.#sha = sha;
    this.#chunks = [];
  }

  data(chunk: Buffer): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  end(): void {
    this.#folders.set(this.#sha, parseFolder(Buffer.concat(this.#chunks), this.#idBytes));
  }
}

/** Entries of a tree object: octal mode, space, name, NUL, id. */
export function parseFolder(content: Buffer, idBytes: number): Folder {
  const folders: string[] = [];
  let files = 0;
  for (let at = 0; at < content.length;) {
    const end = content.indexOf(0, at);
    if (end < 0 || end + idBytes >= content.length) break;
    const isFolder = content.toString("latin1", at, at + 6) === "40000 ";
    if (isFolder) folders.push(content.toString("hex", end + 1, end + 1 + idBytes));
    else files += 1;
    at = end + 1 + idBytes;
  }
  return { files, folders };
}
