import { commitTree, mergeTrees, replay, type Git } from "@cco/git";

import { printable } from "./intake/printable.js";
import { LandError, type LandRequest } from "./land-types.js";

/**
 * The commit that merge, rebase or squash would make on `onto`; nothing but unreferenced
 * objects is written. By the person, unsigned; the agent's authorship is kept where a
 * commit is the agent's.
 *
 * @throws {LandError} `MERGE_CONFLICT`, `RESULT_REWRITTEN` (no history in common).
 */
export async function compute(
  request: LandRequest,
  git: Git,
  branch: string,
  onto: string,
): Promise<string> {
  switch (request.strategy) {
    case "ff":
      return request.tip;
    case "merge":
      return merge(request, git, branch, onto);
    case "squash":
      return squash(request, git, branch, onto);
    case "rebase":
      return rebase(request, git, branch, onto);
  }
}

async function merge(
  request: LandRequest,
  git: Git,
  branch: string,
  onto: string,
): Promise<string> {
  const { sessionId, tip, planTitle, signal } = request;
  if (await isContained(git, tip, onto)) return onto;
  const tree = await mergedTree(request, git, branch, onto);
  const title = oneLine(planTitle ?? `session ${sessionId}`);
  const message = `Merge ${title} into ${branch}\n\nSession: ${sessionId}\n`;
  return commitTree(git, { tree, parents: [onto, tip], message, signal });
}

async function squash(
  request: LandRequest,
  git: Git,
  branch: string,
  onto: string,
): Promise<string> {
  const { sessionId, tip, planTitle, signal } = request;
  if (await isContained(git, tip, onto)) return onto;
  const tree = await mergedTree(request, git, branch, onto);
  const before = await git.text(["rev-parse", `${onto}^{tree}`], { signal });
  // Squashed and landed before.
  if (tree === before) return onto;
  const subjects = await agentSubjects(request, git);
  const title = oneLine(planTitle ?? `Session ${sessionId}`);
  const list = subjects.map((subject) => `- ${subject}`).join("\n");
  const message = `${title}\n\n${list}\n\nSession: ${sessionId}\n`;
  return commitTree(git, { tree, parents: [onto], message, authorOf: tip, signal });
}

async function rebase(
  request: LandRequest,
  git: Git,
  branch: string,
  onto: string,
): Promise<string> {
  const { base, tip, snapshotCommit, signal } = request;
  const from = snapshotCommit ?? base;
  if (await isContained(git, tip, onto)) return onto;
  // Nothing to replay on: the result stands on the branch as it is.
  if (snapshotCommit === undefined && onto === base && (await isContained(git, base, tip)))
    return tip;
  const result = await replay(git, { onto, from, tip, signal });
  if (result.kind === "clean") return result.tip;
  throw conflict(request, branch, result.files);
}

async function isContained(git: Git, commit: string, inside: string): Promise<boolean> {
  return (await git.run(["merge-base", "--is-ancestor", commit, inside])).exitCode === 0;
}

async function mergedTree(
  request: LandRequest,
  git: Git,
  branch: string,
  onto: string,
): Promise<string> {
  const merged = await mergeTrees(git, onto, request.tip, request.signal);
  if (merged.kind === "clean") return merged.tree;
  if (merged.kind === "conflict") throw conflict(request, branch, merged.files);
  throw new LandError(
    "RESULT_REWRITTEN",
    `the result has no history in common with ${printable(branch)}`,
    { hint: `bring it to a branch of its own: cco box pull ${request.sessionId} --to <branch>` },
  );
}

const MAX_SUBJECTS = 200;

/** Subjects of the agent's own commits, oldest first, safe to show. */
async function agentSubjects({ base, tip, signal }: LandRequest, git: Git): Promise<string[]> {
  const args = ["log", "--reverse", "-z", "--no-show-signature", "--encoding=UTF-8", "--format=%s"];
  const text = await git.text([...args, tip, `^${base}`], { signal });
  const subjects = text
    .split("\0")
    .filter((subject) => subject !== "")
    .map(oneLine);
  const more = subjects.length - MAX_SUBJECTS;
  return more > 0 ? [...subjects.slice(0, MAX_SUBJECTS), `and ${String(more)} more`] : subjects;
}

function oneLine(text: string): string {
  return printable(text).trim();
}

const SHOWN = 10;

function conflict(request: LandRequest, branch: string, files: readonly string[]): LandError {
  const shown = files.slice(0, SHOWN).map((file) => printable(file));
  const more = files.length > SHOWN ? [`and ${String(files.length - SHOWN)} more`] : [];
  return new LandError(
    "MERGE_CONFLICT",
    `the result conflicts with ${printable(branch)}: ${[...shown, ...more].join(", ")}`,
    {
      hint: `merge it by hand: git merge refs/cco/sessions/${request.sessionId}, or bring it elsewhere with --to <branch>`,
      files,
    },
  );
}
