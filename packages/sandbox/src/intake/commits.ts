import type { Git } from "@cco/git";

import { readSmall, type ObjectInfo } from "./objects.js";
import { refuse } from "./refuse.js";

/** A commit as it lies in the store. */
export interface RawCommit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  /** Author, committer and message, for rules that look at text. */
  readonly text: string;
  readonly raw: Buffer;
}

const MAX_COMMIT = 1024 * 1024;
const MAX_ALL = 256 * 1024 * 1024;

/** The commits among `listed` (ids in the order git walked them: newest first). */
export async function readCommits(
  git: Git,
  listed: readonly string[],
  infos: ReadonlyMap<string, ObjectInfo>,
  signal?: AbortSignal,
): Promise<Map<string, RawCommit>> {
  const ids = listed.filter((sha) => infos.get(sha)?.type === "commit");
  for (const sha of ids) {
    if ((infos.get(sha)?.size ?? 0) > MAX_COMMIT) {
      throw refuse("too-big", `commit ${sha.slice(0, 12)} is larger than a message can be`);
    }
  }
  const contents = await readSmall(git, ids, MAX_ALL, signal);
  return new Map([...contents].map(([sha, raw]) => [sha, parseCommit(sha, raw)]));
}

/** @throws {IntakeError} `malformed`: no tree is named. */
export function parseCommit(sha: string, raw: Buffer): RawCommit {
  const end = raw.indexOf("\n\n");
  const lines = raw.toString("utf8", 0, end < 0 ? raw.length : end).split("\n");
  const tree = /^tree ([0-9a-f]+)$/.exec(lines[0] ?? "")?.[1];
  if (tree === undefined) throw refuse("malformed", `commit ${sha} names no tree`);
  const parents: string[] = [];
  for (const line of lines.slice(1)) {
    const parent = /^parent ([0-9a-f]+)$/.exec(line)?.[1];
    if (parent === undefined) break;
    parents.push(parent);
  }
  const people = lines.filter((line) => /^(?:author|committer) /.test(line));
  const message = end < 0 ? "" : raw.toString("utf8", end + 2);
  return { sha, tree, parents, text: `${people.join("\n")}\n${message}`, raw };
}

/** The new commits of `tip` (none, where it is not new), and the parents where they stop. */
export function history(
  commits: ReadonlyMap<string, RawCommit>,
  tip: string,
): { readonly commits: ReadonlySet<string>; readonly boundary: ReadonlySet<string> } {
  const inside = new Set<string>();
  const boundary = new Set<string>();
  const todo = [tip];
  for (let sha = todo.pop(); sha !== undefined; sha = todo.pop()) {
    if (inside.has(sha)) continue;
    const commit = commits.get(sha);
    if (commit === undefined) {
      boundary.add(sha);
      continue;
    }
    inside.add(sha);
    todo.push(...commit.parents);
  }
  return { commits: inside, boundary };
}
