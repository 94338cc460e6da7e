import { Refs, Repo } from "@cco/git";

import type { Engine } from "./engine.js";
import { salvageRef, sessionRef, sessionRefs } from "./intake/index.js";
import type { SessionRecord } from "./record.js";

/** Keeps the snapshot commit of a session with changes. */
export function baseRef(id: string): string {
  return `refs/cco/base/${id}`;
}

/** Whether something of the session was taken in. */
export function hasResult({ result }: SessionRecord): boolean {
  return result !== null && (result.commits > 0 || result.salvaged);
}

/** How to keep what was taken in of a session that is lost: a hint. */
export function whereItIs({ sessionId: id, result }: SessionRecord): string {
  const refs = [
    ...((result?.commits ?? 0) > 0 ? [sessionRef(id)] : []),
    ...(result?.salvaged === true ? [salvageRef(id)] : []),
  ];
  return `its work is on ${refs.join(" and ")}; keep it: \`git branch NAME ${refs[0] ?? ""}\`, then \`cco box rm ${id} --force\``;
}

/**
 * Remove a session's refs. Without `force` only those whose commits some branch has too:
 * what is nowhere else stays, and a note says where.
 */
export async function dropRefs(
  engine: Engine,
  record: SessionRecord,
  force: boolean,
): Promise<void> {
  const id = record.sessionId;
  let repo: Repo;
  try {
    repo = await Repo.openMain(engine.runner, record.repo, { checkVersion: false });
  } catch {
    // The repository is gone, and its refs with it.
    return;
  }
  const refs = new Refs(repo.git);
  const landed = record.landing !== null && (await onSomeBranch(repo, record.landing.tip));
  const found = [...(await sessionRefs(repo.git, id)), ...(await refs.list(baseRef(id)))];
  for (const { name, sha } of found) {
    const safe =
      name === baseRef(id) ||
      sha === record.baseCommit ||
      (name === sessionRef(id) && landed) ||
      (await onSomeBranch(repo, sha));
    if (force || safe) await refs.delete(name, sha);
    else engine.note("kept", id, `${name} stays: no branch has its commits`);
  }
}

/** Whether a local or remote-tracking branch holds the commit. */
async function onSomeBranch(repo: Repo, sha: string): Promise<boolean> {
  const args = ["for-each-ref", "--count=1", `--contains=${sha}`, "refs/heads", "refs/remotes"];
  const result = await repo.git.run(args);
  return result.exitCode === 0 && result.stdout.length > 0;
}
