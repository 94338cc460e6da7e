import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { quoteArgv } from "@cco/exec";
import { Branches, GitError, Worktrees, gitFailed, type Branch, type Repo } from "@cco/git";

import { callersServer } from "./callers-server.js";
import { RemoveRefusedError, WorkspaceError, type Refusal } from "./errors.js";
import { ownFolder } from "./files.js";
import { withRepoLock } from "./lock.js";
import { isWithin } from "./paths.js";
import { refusalsOf, type Target } from "./remove-checks.js";
import { BRANCH_OPTION, WORKTREE_OPTION } from "./server.js";
import type { Shared } from "./shared.js";
import { readState } from "./state.js";
import { isUntouched } from "./carry.js";
import type { RemoveOptions, RemoveResult, WorkspaceSession } from "./types.js";
import { allWindows, windowOf, windowsOf } from "./windows.js";

/** See {@link Workspaces.remove}. */
export async function removeWorkspaces(
  shared: Shared,
  repo: Repo,
  branches: readonly string[],
  sessions: (repo: string) => Promise<readonly WorkspaceSession[]>,
  options: RemoveOptions,
): Promise<RemoveResult[]> {
  // From the main worktree: the one the caller stands in may be what is removed.
  const main = await repo.worktree(repo.main).catch(() => repo);
  return withRepoLock(main, options.signal, async () => {
    const wanted = await resolve(shared, main, [...new Set(branches)], options);
    const refusals = await refused(main, wanted, await sessions(main.main), options);
    if (refusals.length > 0 && options.skipRefused !== true) throw refusal(refusals);
    const targets = wanted.filter(({ branch }) => !refusals.some((one) => one.branch === branch));
    for (const text of reasons(refusals)) shared.emit({ type: "note", text: `kept ${text}` });
    const results: RemoveResult[] = [];
    for (const target of targets) results.push(await remove(shared, main, target, options));
    for (const { window } of targets) if (window !== null) await close(shared, window.windowId);
    return results;
  });
}

async function resolve(
  { tmux, paths }: Shared,
  repo: Repo,
  branches: readonly string[],
  options: RemoveOptions,
): Promise<Target[]> {
  const [windows, worktrees, refs, folder] = await Promise.all([
    allWindows(tmux),
    new Worktrees(repo).list(),
    new Branches(repo.git).list(),
    ownFolder(paths.worktrees),
  ]);
  const ours = windowsOf(repo, windows);
  return branches.map((branch) => {
    const worktree = worktrees.find((one) => one.branch === branch) ?? null;
    const window = windowOf(branch, ours, worktrees) ?? null;
    const ref = refs.find((one) => one.name === branch) ?? null;
    const deletes = options.deleteBranch !== undefined && ref !== null;
    if (worktree === null && window === null && !deletes) throw nothingToRemove(branch, ref);
    const own = worktree !== null && folder !== null && isWithin(folder, worktree.path);
    return { branch, worktree, window, ref, own };
  });
}

function nothingToRemove(branch: string, ref: Branch | null): WorkspaceError {
  return new WorkspaceError("NO_WORKSPACE_WINDOW", `branch "${branch}" has no workspace`, {
    hint:
      ref === null
        ? "those that there are: cco ls"
        : `to delete the branch, if it is merged: ${quoteArgv(["cco", "rm", "-d", branch])}`,
  });
}

async function refused(
  repo: Repo,
  targets: readonly Target[],
  sessions: readonly WorkspaceSession[],
  options: RemoveOptions,
): Promise<Refusal[]> {
  const worktrees = await new Worktrees(repo).list();
  const refusals: Refusal[] = [];
  for (const target of targets) {
    const its = sessions.filter((one) => one.repo === repo.main && one.branch === target.branch);
    refusals.push(...(await refusalsOf(repo, target, worktrees, its, options)));
  }
  return refusals.filter((one) => !(options.force === true && one.forcible));
}

function refusal(refusals: readonly Refusal[]): RemoveRefusedError {
  return new RemoveRefusedError(
    `not removed, it would be lost: ${reasons(refusals).join(" | ")}`,
    refusals,
    { hint: hintFor(refusals) },
  );
}

/** `branch: what; what` for each branch. */
function reasons(refusals: readonly Refusal[]): string[] {
  const names = [...new Set(refusals.map((one) => one.branch))];
  return names.map((name) => {
    const details = refusals.filter((one) => one.branch === name).map((one) => one.detail);
    return `${name}: ${details.join("; ")}`;
  });
}

function hintFor(refusals: readonly Refusal[]): string {
  const [first] = refusals;
  if (first?.forcible !== true) {
    return "remove it yourself with 'git worktree remove', or keep it";
  }
  const session = /^session (\S+)/.exec(first.detail)?.[1] ?? "";
  const names = [...new Set(refusals.map((one) => one.branch))].join(" ");
  const keep = {
    uncommitted: "commit or stash it",
    untracked: "commit it or move it away",
    unmerged: "merge it, or delete it all the same with -D",
    "running-session": `wait for it, or stop it with 'cco box cancel ${session}'`,
    "unpulled-work": `bring it home with 'cco box pull ${session}'`,
    locked: "unlock it with 'git worktree unlock'",
    operation: "finish or abort it",
    "not-ours": "",
  }[first.reason];
  return `${keep}; or lose it with 'cco rm --force ${names}'`;
}

async function remove(
  shared: Shared,
  repo: Repo,
  target: Target,
  options: RemoveOptions,
): Promise<RemoveResult> {
  const { branch, worktree, window, own, ref } = target;
  const { shellDir } = options;
  const removed = own && worktree !== null ? worktree.path : null;
  const inside = removed !== null && shellDir !== undefined && isWithin(removed, shellDir);
  if (removed !== null) {
    const gone = worktree?.prunable !== null;
    if (gone) await new Worktrees(repo).remove(removed, { force: true });
    else await removeWorktree(repo, removed, inside ? shellDir : null, options.force ?? false);
    shared.emit({ type: "worktree-removed", path: removed });
  }
  const deletes = options.deleteBranch !== undefined && ref !== null;
  if (deletes) {
    await new Branches(repo.git).delete(branch, { force: true });
    shared.emit({ type: "branch-deleted", branch, tip: ref.commit });
  }
  return {
    branch,
    worktree: removed,
    window: window !== null,
    branchDeleted: deletes,
    branchTip: deletes ? ref.commit : null,
    leaveTo: inside ? repo.main : null,
  };
}

/** @param keep folder in the worktree that stays, empty, with those above it. */
async function removeWorktree(
  repo: Repo,
  path: string,
  keep: string | null,
  force: boolean,
): Promise<void> {
  const worktree = await repo.worktree(path);
  const { carried } = await readState(worktree);
  for (const [file, mark] of Object.entries(carried)) {
    if (await isUntouched(path, file, mark)) await rm(join(path, file), { force: true });
  }
  if (keep !== null) {
    // Checked before under the lock; git itself would remove the folder the shell stands in.
    await emptyAround(path, keep);
    await rm(worktree.gitDir, { recursive: true });
    return;
  }
  const flags = force ? ["--force", "--force"] : [];
  const args = (more: string[]) => ["worktree", "remove", ...more, "--", path];
  const result = await repo.git.run(args(flags));
  if (result.exitCode === 0) return;
  // Nothing of it is uncommitted: git refuses these whatever they hold.
  const clean =
    result.stderr.includes("submodules") && !(await new Worktrees(repo).status(path)).dirty;
  const again = clean ? await repo.git.run(args(["--force"])) : result;
  if (again.exitCode !== 0) throw refusedByGit(gitFailed(["worktree remove"], again));
}

function refusedByGit(error: GitError): GitError {
  return new GitError(error.code, error.message, {
    hint: "something changed there meanwhile, or a program holds a file: look, then run it again",
  });
}

async function emptyAround(folder: string, keep: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && isWithin(path, keep)) await emptyAround(path, keep);
    else await rm(path, { recursive: true, force: true });
  }
}

/**
 * Close a window; the caller's own with a delay, so that it can still say what it did. Until then
 * it is nobody's: one that is made for the branch meanwhile is another.
 */
async function close(shared: Shared, windowId: string): Promise<void> {
  const { tmux } = shared;
  if (!(await isCallersOwn(shared, windowId))) {
    await tmux.killWindow(windowId);
    return;
  }
  const unmark = ["set-option", "-w", "-u", "-t", windowId];
  await tmux.run([
    [...unmark, BRANCH_OPTION],
    [...unmark, WORKTREE_OPTION],
    ["run-shell", "-b", "-d", "1", "-C", `kill-window -t ${windowId}`],
  ]);
}

async function isCallersOwn(shared: Shared, windowId: string): Promise<boolean> {
  const { tmux, callersPane } = shared;
  if (callersPane === undefined) return false;
  try {
    const panes = await tmux.listPanes(null);
    const within = panes.some((one) => one.paneId === callersPane && one.windowId === windowId);
    return within && (await callersServer(shared)) === "cco";
  } catch {
    return false;
  }
}
