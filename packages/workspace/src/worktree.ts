import { realpath } from "node:fs/promises";
import { join } from "node:path";

import { makeFolder } from "@cco/exec";
import { Branches, GitError, Worktrees, type Repo, type Worktree } from "@cco/git";

import { WorkspaceError } from "./errors.js";
import { ifThere, removeEmptyTree, writing } from "./files.js";
import { firstFree, plainName } from "./names.js";
import { isWithin } from "./paths.js";
import { claimRepoName } from "./repo-name.js";
import type { AddOptions } from "./types.js";

export interface MadeWorktree {
  readonly path: string;
  /** The repository's name, that no other has. */
  readonly name: string;
  /** cco made it, now or earlier. */
  readonly own: boolean;
  readonly created: boolean;
  readonly branchCreated: boolean;
  /** Where the new branch began. */
  readonly from: string | null;
  readonly upstream: string | null;
}

/** git's mark on a worktree that is being made, and on one whose making was killed. */
export const INITIALIZING = "initializing";

/**
 * The worktree of a branch, made where it is missing, with the branch if need be. The
 * caller holds the repository's lock.
 */
export async function ensureWorktree(
  repo: Repo,
  folder: string,
  branch: string,
  options: AddOptions,
): Promise<MadeWorktree> {
  await new Branches(repo.git).requireValidName(branch);
  const worktrees = new Worktrees(repo);
  const listed = await worktrees.list();
  const holder = listed.find((one) => one.branch === branch && one.prunable === null);
  const source = holder === undefined ? await sourceOf(repo, branch, options) : undefined;

  const name = await claimRepoName(repo, folder);
  const own = await realpath(join(folder, name));
  const made = {
    name,
    own: true,
    created: false,
    branchCreated: false,
    from: null,
    upstream: null,
  };
  if (holder !== undefined) {
    if (!isWithin(own, holder.path))
      return { ...made, path: allowed(holder, repo, options), own: false };
    if (holder.locked !== INITIALIZING) return { ...made, path: holder.path };
  }
  await dropHalfMade(repo, own, listed);
  const path = join(own, await freeFolder(own, `${name}-${plainName(branch)}`, listed));
  await writing(own, () => makeFolder(own));
  const kind = source ?? (await sourceOf(repo, branch, options));
  await worktrees.add({
    path,
    branch,
    source: kind,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return {
    ...made,
    path: await realpath(path),
    created: true,
    branchCreated: kind.kind !== "existing",
    from: kind.kind === "new" ? kind.from : null,
    upstream: kind.kind === "remote" ? `${kind.remote}/${branch}` : null,
  };
}

/** A branch in a worktree that cco did not make: only where the caller said so. */
function allowed(holder: Worktree, repo: Repo, options: AddOptions): string {
  if (options.here === true) return holder.path;
  const what = holder.path === repo.main ? "the main worktree" : "another worktree";
  throw new WorkspaceError(
    "BRANCH_CHECKED_OUT",
    `branch "${holder.branch ?? ""}" is checked out in ${what}: ${holder.path}`,
    {
      hint: `open a window on it with 'cco add --here ${holder.branch ?? ""}', or switch it to another branch first`,
    },
  );
}

type Source = Parameters<Worktrees["add"]>[0]["source"];

/** Where a branch comes from: it is there, a remote has it, or it is new. */
async function sourceOf(repo: Repo, branch: string, options: AddOptions): Promise<Source> {
  const branches = new Branches(repo.git);
  if (await branches.exists(branch)) return { kind: "existing" };
  if (options.from === undefined) {
    const remote = await remoteOf(repo, branch);
    if (remote !== null) return { kind: "remote", remote };
  }
  const from = options.from ?? "HEAD";
  const args = ["rev-parse", "-q", "--verify", "--end-of-options", `${from}^{commit}`];
  const result = await repo.git.run(args);
  if (result.exitCode === 0) return { kind: "new", from: result.stdout.toString("utf8").trim() };
  if (options.from !== undefined) {
    throw new WorkspaceError("REF_NOT_FOUND", `no such commit: ${options.from}`, {
      hint: "name a branch, a tag or a commit after --from",
    });
  }
  throw new WorkspaceError("NO_COMMITS", `${repo.name} has no commits yet`, {
    hint: "make a first commit, then run it again",
  });
}

async function remoteOf(repo: Repo, branch: string): Promise<string | null> {
  const remotes = await new Branches(repo.git).remotesWith(branch);
  if (remotes.length <= 1) return remotes[0] ?? null;
  const preferred = await repo.git.run(["config", "--get", "checkout.defaultRemote"]);
  const name = preferred.exitCode === 0 ? preferred.stdout.toString("utf8").trim() : "origin";
  if (remotes.includes(name)) return name;
  throw new WorkspaceError(
    "BRANCH_AMBIGUOUS",
    `branch "${branch}" is on several remotes: ${remotes.join(", ")}`,
    { hint: `say which: cco add ${branch} --from ${remotes[0] ?? ""}/${branch}` },
  );
}

/** Remove what a killed `git worktree add` left: no commit is checked out there yet. */
async function dropHalfMade(repo: Repo, own: string, listed: readonly Worktree[]): Promise<void> {
  for (const worktree of listed) {
    if (worktree.locked !== INITIALIZING || !isWithin(own, worktree.path)) continue;
    const args = ["worktree", "remove", "--force", "--force", "--", worktree.path];
    const result = await repo.git.run(args);
    if (result.exitCode !== 0) {
      throw new GitError("GIT_FAILED", `git worktree remove failed: ${result.stderr.trim()}`);
    }
  }
}

/** A folder name for a new worktree that no other branch's worktree has. */
async function freeFolder(
  own: string,
  plain: string,
  listed: readonly Worktree[],
): Promise<string> {
  const taken = new Set(
    listed
      .filter((one) => one.prunable === null && one.locked !== INITIALIZING)
      .map((one) => one.path.normalize("NFC").toLowerCase()),
  );
  // By case and composition too: a file system may not tell such names apart.
  const isTaken = (name: string) => taken.has(join(own, name).normalize("NFC").toLowerCase());
  const name = firstFree(plain, isTaken);
  const path = join(own, name);
  if ((await ifThere(realpath(path))) !== null && !(await removeEmptyTree(path))) {
    throw new WorkspaceError(
      "FOLDER_TAKEN",
      `${path} exists and is no worktree of this repository`,
      {
        hint: "move it away, then run it again",
      },
    );
  }
  return name;
}
