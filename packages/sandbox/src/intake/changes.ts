import type { Git } from "@cco/git";

import { fold } from "./fold.js";
import { readAll } from "./records.js";
import { refuse } from "./refuse.js";
import { checkTreeSizes } from "./tree-sizes.js";
import type { IntakeLimits } from "./types.js";

/** One file that differs: between the pushed commit and the result, or within a new commit. */
export interface Change {
  readonly path: string;
  /** As a file system that ignores case and Unicode forms would compare it. */
  readonly folded: string;
  /** git's letter: `A`, `M`, `D`, `T` (its type changed). */
  readonly status: string;
  /** git's octal modes; `000000` where there is no file. */
  readonly oldMode: string;
  readonly newMode: string;
  readonly newSha: string;
  /** `null`: in the result. Else the commit that has it, and the result has not. */
  readonly commit: string | null;
}

/** A file of a tree. */
export interface TreeEntry {
  readonly mode: string;
  readonly sha: string;
}

export type Tree = ReadonlyMap<string, TreeEntry>;

export interface ChangesRequest {
  readonly git: Git;
  readonly baseTree: string;
  readonly tipTree: string;
  /** New commits, to look at what the result does not show any more. */
  readonly commits: readonly { readonly sha: string; readonly tree: string }[];
  /** Trees that are new. */
  readonly trees: readonly string[];
  readonly limits: IntakeLimits;
  readonly signal?: AbortSignal | undefined;
}

export interface Changes {
  readonly changes: readonly Change[];
  /** All files of the pushed commit and of the result. */
  readonly base: Tree;
  readonly tip: Tree;
}

/** Read from the object store; nothing is checked out. Renames are seen as a deletion and an addition. */
export async function readChanges(request: ChangesRequest): Promise<Changes> {
  const { files: base, sizes } = await readTree(request);
  const roots = [request.tipTree, ...request.commits.map(({ tree }) => tree)];
  const maxFiles = base.size + request.limits.maxChanges;
  const { git, trees: likely, signal } = request;
  await checkTreeSizes({ git, roots, likely, known: sizes, maxFiles, signal });
  const { result, inCommits } = await readDiffs(request);
  const tip = new Map(base);
  for (const change of result) {
    if (change.status === "D") tip.delete(change.path);
    else tip.set(change.path, { mode: change.newMode, sha: change.newSha });
  }
  // A merge from the side, or an orphan, shows files of the pushed commit as its own.
  const gone = inCommits.filter(
    ({ path, newMode, newSha }) =>
      !isSame(tip.get(path), newMode, newSha) && !isSame(base.get(path), newMode, newSha),
  );
  return { changes: [...result, ...gone], base, tip };
}

function isSame(entry: TreeEntry | undefined, mode: string, sha: string): boolean {
  return entry?.mode === mode && entry.sha === sha;
}

interface BaseTree {
  readonly files: Map<string, TreeEntry>;
  /** How many files are in each of its trees. */
  readonly sizes: Map<string, number>;
}

async function readTree({ git, baseTree, signal }: ChangesRequest): Promise<BaseTree> {
  const files = new Map<string, TreeEntry>();
  const sizes = new Map<string, number>();
  const open: { readonly prefix: string; readonly sha: string; readonly before: number }[] = [];
  /** Folders that the walk has left are counted. */
  const leave = (path: string): void => {
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      if (path.startsWith(last.prefix) && path !== "") return;
      sizes.set(last.sha, files.size - last.before);
      open.pop();
    }
  };
  const args = ["ls-tree", "-r", "-t", "-z", "--full-tree", baseTree];
  await readAll(git, args, { separator: "\0", signal }, (record) => {
    const tab = record.indexOf(9);
    const [mode = "", type, sha = ""] = record.toString("latin1", 0, tab).split(" ");
    const path = record.toString("utf8", tab + 1);
    leave(path);
    if (type === "tree") open.push({ prefix: `${path}/`, sha, before: files.size });
    else files.set(path, { mode, sha });
  });
  leave("");
  sizes.set(baseTree, files.size);
  return { files, sizes };
}

const DIFF = ["diff-tree", "--stdin", "-r", "-m", "-z", "--root", "--raw", "--no-renames"];

async function readDiffs(
  request: ChangesRequest,
): Promise<{ result: Change[]; inCommits: readonly Change[] }> {
  const parser = new DiffParser(request.limits);
  const trees = `${request.baseTree} ${request.tipTree}`;
  await readAll(
    request.git,
    [...DIFF, "--no-abbrev", "--always"],
    {
      stdin: `${[trees, ...request.commits.map(({ sha }) => sha)].join("\n")}\n`,
      separator: "\0",
      signal: request.signal,
    },
    (record) => {
      parser.record(record);
    },
  );
  return { result: parser.result, inCommits: [...parser.inCommits.values()] };
}

/** Reads `diff-tree --stdin -z`: a header per commit or pair of trees, then entry, path, entry, path … */
export class DiffParser {
  readonly result: Change[] = [];
  /** By path, mode and content: the same file in many commits counts once. */
  readonly inCommits = new Map<string, Change>();
  readonly #limits: IntakeLimits;
  #commit: string | null = null;
  #entry: string | null = null;
  #count = 0;

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  record(record: Buffer): void {
    if (this.#entry !== null) {
      this.#path(this.#entry, record);
      this.#entry = null;
      return;
    }
    const text = record.toString("latin1");
    if (text.startsWith(":")) {
      this.#entry = text;
      return;
    }
    // A pair of trees is followed by a line feed, also with `-z`.
    const line = /^([0-9a-f]+) [0-9a-f]+\n(:.*)?$/s.exec(text);
    this.#commit = line === null ? text : null;
    this.#entry = line?.[2] ?? null;
  }

  #path(entry: string, raw: Buffer): void {
    this.#count += 1;
    const { maxChanges, maxPathLength } = this.#limits;
    if (this.#count > maxChanges) {
      throw refuse("too-big", `more than ${String(maxChanges)} changed files`);
    }
    const path = raw.toString("utf8");
    if (raw.length > maxPathLength) {
      throw refuse("too-big", "the path is too long", { path: path.slice(0, 100) });
    }
    const [oldMode = "", newMode = "", , newSha = "", status = ""] = entry.slice(1).split(" ");
    const commit = this.#commit;
    const change = { path, folded: fold(path), status, oldMode, newMode, newSha, commit };
    if (commit === null) this.result.push(change);
    else if (status !== "D") this.inCommits.set(`${path}\0${newMode}\0${newSha}`, change);
  }
}
