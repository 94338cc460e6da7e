import {
  fastForward,
  fetchIntoBranch,
  gitFailed,
  guarded,
  Refs,
  Worktrees,
  type Git,
  type Worktree,
} from "@cco/git";
import type { RunResult } from "@cco/exec";

import { isRefName } from "./intake/ref-name.js";
import { printable } from "./intake/printable.js";
import { compute } from "./land-compute.js";
import { LandError, type LandReport, type LandRequest } from "./land-types.js";
import { readRefusal } from "./land-refusal.js";

/**
 * Move a branch to a checked result: by a guarded fast-forward in the worktree that has
 * it, else in the repository alone. Merge, rebase and squash are worked out in the object
 * store first and landed by the same step. Can be repeated: a branch that has the result
 * already stays as it is.
 *
 * No hook, file monitor, submodule or external diff runs; content filters of the person's
 * own configuration (LFS) do, as at every checkout.
 *
 * @throws {LandError} it does not fit; nothing moved.
 */
export async function land(request: LandRequest): Promise<LandReport> {
  const branch = request.to ?? request.branch;
  requireBranchName(branch);
  const git = guarded(request.repo.git, `cco pull ${request.sessionId}`);
  const refs = new Refs(git);
  const [before, worktree] = await Promise.all([
    refs.read(`refs/heads/${branch}`),
    holderOf(request, branch),
  ]);
  if (before === null) {
    if (request.to === undefined) throw branchGone(request);
    return landOnNew(request, git, branch);
  }
  const after = await resultFor(request, git, branch, before);
  const where = worktree?.path ?? null;
  if (after === before) return { branch, before, after, where };
  await advance(request, git, { branch, before, after, where });
  return { branch, before, after, where };
}

/** @throws {LandError} `BRANCH_NAME_INVALID` */
export function requireBranchName(branch: string): void {
  if (isRefName(`refs/heads/${branch}`)) return;
  throw new LandError("BRANCH_NAME_INVALID", `not a branch name: ${printable(branch)}`, {
    hint: "rules: git help check-ref-format",
  });
}

/** What the branch is to become. @returns `before` where it has the result already */
async function resultFor(
  request: LandRequest,
  git: Git,
  branch: string,
  before: string,
): Promise<string> {
  const { base, tip, strategy, signal } = request;
  if (before === tip) return before;
  if (strategy !== "ff") return compute(request, git, branch, before);
  const [descends, contained, fits] = await Promise.all([
    isAncestor(git, base, tip, signal),
    isAncestor(git, tip, before, signal),
    isAncestor(git, before, tip, signal),
  ]);
  if (fits) return tip;
  if (!descends) throw rewritten(request, branch);
  if (contained) return before;
  throw diverged(request, branch);
}

async function landOnNew(request: LandRequest, git: Git, branch: string): Promise<LandReport> {
  const after = await newBranchTip(request, git, branch);
  request.signal?.throwIfAborted();
  const result = await fetchIntoBranch(git, after, branch);
  if (result.exitCode !== 0) throw busyOrFailed(branch, result);
  return { branch, before: null, after, where: null };
}

/** On a new branch there is nothing to merge with; replaying and squashing start from the pushed commit. */
async function newBranchTip(request: LandRequest, git: Git, branch: string): Promise<string> {
  const { strategy, snapshotCommit, base, tip } = request;
  const start =
    snapshotCommit === undefined ? base : ((await parentOf(git, snapshotCommit)) ?? base);
  if (strategy === "squash") return compute(request, git, branch, base);
  if (strategy === "rebase" && start !== base) return compute(request, git, branch, start);
  return tip;
}

async function advance(
  request: LandRequest,
  git: Git,
  move: LandReport & { readonly before: string },
): Promise<void> {
  const { branch, before, after, where } = move;
  request.signal?.throwIfAborted();
  const result =
    where === null
      ? await fetchIntoBranch(git, after, branch)
      : await fastForward(git.with({ dir: where }), after);
  if (result.exitCode === 0) return;
  const refusal = where === null ? null : readRefusal(result.stderr);
  if (refusal !== null) throw dirty(request, branch, where ?? "", refusal);
  const now = await new Refs(git).read(`refs/heads/${branch}`);
  if (now === null) throw branchGone(request);
  if (now !== before) throw diverged(request, branch);
  throw busyOrFailed(branch, result);
}

/** The one worktree that has the branch, ready to be moved; `null` when none has it. */
async function holderOf({ repo }: LandRequest, branch: string): Promise<Worktree | null> {
  const worktrees = await new Worktrees(repo).list();
  const holders = worktrees.filter((one) => one.branch === branch && !one.bare);
  const [holder, second] = holders;
  if (holder === undefined) return null;
  const reason =
    second !== undefined
      ? `it is checked out twice: ${holder.path}, ${second.path}`
      : holder.prunable !== null
        ? `its worktree ${holder.path} is gone`
        : holder.operation !== null
          ? `a ${holder.operation} is under way in ${holder.path}`
          : null;
  if (reason === null) return holder;
  const hint =
    holder.prunable !== null && second === undefined
      ? "forget it with: git worktree prune"
      : "finish that, or bring the result elsewhere with --to <branch>";
  throw new LandError("BRANCH_BUSY", `${printable(branch)} cannot move: ${reason}`, { hint });
}

async function isAncestor(
  git: Git,
  ancestor: string,
  commit: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const args = ["merge-base", "--is-ancestor", ancestor, commit];
  const result = await git.run(args, { signal });
  if (result.exitCode > 1) throw gitFailed(args, result);
  return result.exitCode === 0;
}

async function parentOf(git: Git, commit: string): Promise<string | null> {
  return new Refs(git).resolve(`${commit}^`);
}

function branchGone({ branch, to, sessionId }: LandRequest): LandError {
  return new LandError(
    "BRANCH_GONE",
    `the branch ${printable(to ?? branch)} is not there any more`,
    {
      hint: `bring the result to a branch with: cco box pull ${sessionId} --to <branch>`,
    },
  );
}

function rewritten({ sessionId }: LandRequest, branch: string): LandError {
  return new LandError(
    "RESULT_REWRITTEN",
    `the result does not build on the commit that was pushed: it cannot fast-forward ${printable(branch)}`,
    {
      hint: `it is kept: git log refs/cco/sessions/${sessionId}; bring it elsewhere with: cco box pull ${sessionId} --to <branch>`,
    },
  );
}

function diverged({ sessionId }: LandRequest, branch: string): LandError {
  return new LandError(
    "BRANCH_DIVERGED",
    `${printable(branch)} has moved on since the push: the result does not fast-forward it`,
    { hint: `cco box pull ${sessionId} --rebase (or --merge, --squash, --to <branch>)` },
  );
}

const SHOWN = 10;

function dirty(
  { sessionId }: LandRequest,
  branch: string,
  where: string,
  files: readonly string[],
): LandError {
  const shown = files.slice(0, SHOWN).map((file) => printable(file));
  const more = files.length > SHOWN ? [`and ${String(files.length - SHOWN)} more`] : [];
  return new LandError(
    "WORKTREE_DIRTY",
    `files in ${where} are in the way of the result for ${printable(branch)}: ${[...shown, ...more].join(", ")}`,
    {
      hint: `commit or move them, then: cco box pull ${sessionId} (or bring it elsewhere: --to <branch>)`,
      files,
    },
  );
}

function busyOrFailed(branch: string, result: RunResult): Error {
  const { stderr } = result;
  if (
    !/checked out|not concluded|index\.lock|unmerged|cannot lock ref|in the middle/i.test(stderr)
  ) {
    return gitFailed(["merge"], result);
  }
  const reason = printable(stderr.trim().split("\n")[0] ?? "");
  return new LandError("BRANCH_BUSY", `${printable(branch)} cannot move: ${reason}`, {
    hint: "finish what is under way there, or bring the result elsewhere with --to <branch>",
  });
}
