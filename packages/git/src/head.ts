import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { GitError } from "./errors.js";
import { gitFailed, type Git } from "./git.js";

/** What HEAD of a worktree is. A branch is named without `refs/heads/`. */
export type Head =
  | { readonly kind: "branch"; readonly branch: string; readonly commit: string }
  | { readonly kind: "detached"; readonly commit: string }
  /** The branch has no commit yet. */
  | { readonly kind: "unborn"; readonly branch: string };

export type Operation = "rebase" | "merge" | "cherry-pick" | "revert" | "bisect";

const HEADS = "refs/heads/";

/** By one call of git; by two more where HEAD names no commit or no ref. */
export async function readHead(git: Git): Promise<Head> {
  const both = ["rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD"];
  const { exitCode, stdout } = await git.run(both);
  const [commit = "", ref = ""] = stdout.toString("utf8").split("\n");
  if (exitCode === 0 && ref.startsWith(HEADS)) {
    return { kind: "branch", branch: ref.slice(HEADS.length), commit };
  }
  return readUnusualHead(git);
}

async function readUnusualHead(git: Git): Promise<Head> {
  const symbolic = ["symbolic-ref", "-q", "HEAD"];
  const verify = ["rev-parse", "-q", "--verify", "HEAD^{commit}"];
  const [ref, commit] = await Promise.all([git.run(symbolic), git.run(verify)]);
  if (ref.exitCode > 1) throw gitFailed(symbolic, ref);
  const name = ref.stdout.toString("utf8").trim();
  const branch = name.startsWith(HEADS) ? name.slice(HEADS.length) : undefined;
  const sha = commit.stdout.toString("utf8").trim();

  if (commit.exitCode !== 0) {
    if (branch === undefined) throw gitFailed(verify, commit);
    return { kind: "unborn", branch };
  }
  return branch === undefined
    ? { kind: "detached", commit: sha }
    : { kind: "branch", branch, commit: sha };
}

/** An operation a worktree is in the middle of, and the branch it will move, where git says. */
export interface OperationState {
  readonly kind: Operation;
  readonly branch: string | null;
}

/**
 * The files by which git itself knows (`wt-status.c`), in that order. The folder is listed once:
 * hardly ever is one of them there.
 */
export async function operationIn(gitDir: string): Promise<OperationState | null> {
  const there = new Set(await namesIn(gitDir));
  const read = (name: string) => readIfThere(join(gitDir, name));
  for (const folder of ["rebase-merge", "rebase-apply"].filter((name) => there.has(name))) {
    const onto = (await read(`${folder}/onto`)) ?? (await read(`${folder}/applying`));
    const head = await read(`${folder}/head-name`);
    if (onto !== null || head !== null) return { kind: "rebase", branch: branchOf(head) };
  }
  if (there.has("MERGE_HEAD")) return { kind: "merge", branch: null };
  if (there.has("CHERRY_PICK_HEAD")) return { kind: "cherry-pick", branch: null };
  if (there.has("REVERT_HEAD")) return { kind: "revert", branch: null };
  const todo = there.has("sequencer") ? await read("sequencer/todo") : null;
  if (todo !== null) {
    return { kind: todo.startsWith("revert") ? "revert" : "cherry-pick", branch: null };
  }
  if (there.has("BISECT_LOG")) {
    return { kind: "bisect", branch: branchOf(await read("BISECT_START")) };
  }
  return null;
}

/** `refs/heads/x` of a rebase, plain `x` of a bisect; `detached HEAD` or an id otherwise. */
function branchOf(head: string | null): string | null {
  const name = head?.trim() ?? "";
  if (name.startsWith(HEADS)) return name.slice(HEADS.length);
  return name === "" || name === "detached HEAD" || /^[0-9a-f]{40,64}$/.test(name) ? null : name;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await ifThere(folder, readdir(folder))) ?? [];
}

function readIfThere(path: string): Promise<string | null> {
  return ifThere(path, readFile(path, "utf8"));
}

async function ifThere<T>(path: string, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new GitError("GIT_FAILED", `cannot read ${path}`, { cause: error });
  }
}
