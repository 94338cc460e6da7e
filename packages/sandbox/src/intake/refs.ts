import { Refs, gitFailed, GitError, type Git, type Ref } from "@cco/git";

import { history, type RawCommit } from "./commits.js";
import type { BundleRef } from "./header.js";
import type { IntakeHead } from "./types.js";

/** Where a session's checked work lies: its result, what was uncommitted, its other branches. */
export const sessionRef = (id: string): string => `refs/cco/sessions/${id}`;
export const salvageRef = (id: string): string => `refs/cco/salvage/${id}`;
const headsPrefix = (id: string): string => `refs/cco/heads/${id}`;

/** The session's refs as they are now. */
export async function sessionRefs(git: Git, id: string): Promise<Ref[]> {
  const refs = new Refs(git);
  const prefixes = [sessionRef(id), salvageRef(id), headsPrefix(id)];
  return (await Promise.all(prefixes.map((prefix) => refs.list(prefix)))).flat();
}

/**
 * Which branches get a ref of their own: those with new commits that the result does not
 * have. One that moved on since an earlier intake keeps its number; no other is reused.
 */
export function numberHeads(
  sessionId: string,
  request: {
    readonly heads: readonly BundleRef[];
    readonly tip: string | null;
    readonly commits: ReadonlyMap<string, RawCommit>;
    readonly isNew: (sha: string) => boolean;
    readonly existing: readonly Ref[];
  },
): IntakeHead[] {
  const inResult = request.tip === null ? new Set() : history(request.commits, request.tip).commits;
  const prefix = `${headsPrefix(sessionId)}/`;
  const free = new Map(
    request.existing
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, sha }) => [name, sha]),
  );
  let last = Math.max(0, ...[...free.keys()].map((name) => Number(name.slice(prefix.length)) || 0));
  const kept: IntakeHead[] = [];
  for (const { name, sha } of request.heads) {
    if (!request.isNew(sha) || inResult.has(sha) || kept.some((one) => one.sha === sha)) continue;
    const { commits } = history(request.commits, sha);
    const [before] = [...free].find(([, old]) => commits.has(old)) ?? [];
    if (before !== undefined) free.delete(before);
    const ref = before ?? `${prefix}${String((last += 1))}`;
    kept.push({ name: name.slice("refs/heads/".length), sha, ref });
  }
  return kept;
}

/**
 * Write refs in one step, each only if it still is what `existing` says. The old values
 * stay in reflogs.
 *
 * @returns names of those that changed.
 * @throws {GitError} `REF_MOVED`: another intake of the session was at work; nothing changed.
 */
export async function writeRefs(
  git: Git,
  wanted: readonly Ref[],
  existing: readonly Ref[],
  sessionId: string,
): Promise<string[]> {
  const old = new Map(existing.map(({ name, sha }) => [name, sha]));
  const changed = wanted.filter(({ name, sha }) => old.get(name) !== sha);
  if (changed.length === 0) return [];
  const lines = changed.map(
    ({ name, sha }) => `update ${name}\0${sha}\0${old.get(name) ?? "0".repeat(sha.length)}\0`,
  );
  const args = ["update-ref", "--create-reflog", "-m", `cco: intake ${sessionId}`, "-z", "--stdin"];
  const result = await git.run(args, { stdin: lines.join("") });
  if (result.exitCode === 0) return changed.map(({ name }) => name);
  const now = await sessionRefs(git, sessionId);
  const isMoved = existing.some(
    ({ name, sha }) => now.find((ref) => ref.name === name)?.sha !== sha,
  );
  if (!isMoved && now.length === existing.length) throw gitFailed(args, result);
  throw new GitError("REF_MOVED", `the refs of session ${sessionId} have moved meanwhile`, {
    hint: "run the same command again",
  });
}
