import { Refs, Repo } from "@cco/git";

import type { Engine } from "./engine.js";
import { sessionRef, sessionRefs } from "./intake/index.js";
import type { SessionRecord } from "./record.js";

/** Keeps the snapshot commit of a session with changes. */
export function baseRef(id: string): string {
  return `refs/cco/base/${id}`;
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
