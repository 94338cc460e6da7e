import {
  Branches,
  History,
  isAbsorbed,
  type AheadBehind,
  type Branch,
  type Repo,
  type Worktree,
} from "@cco/git";

/** Fully spelled refs of where work is merged into: the main worktree's branch, the remote's main one. */
async function targetsOf(
  repo: Repo,
  branch: Branch,
  worktrees: readonly Worktree[],
): Promise<string[]> {
  const main = worktrees[0]?.branch ?? null;
  const head = "refs/remotes/origin/HEAD";
  const remoteHead = await repo.git.run(["rev-parse", "-q", "--verify", head]);
  return [
    ...(main === null || main === branch.name ? [] : [`refs/heads/${main}`]),
    ...(remoteHead.exitCode === 0 ? [head] : []),
  ];
}

/** The branch that it follows, where that is there. */
function upstreamOf(branch: Branch): string[] {
  return branch.track === null || branch.upstream === null ? [] : [upstreamRef(branch.upstream)];
}

/** `%(upstream:strip=2)` of a remote's branch is `origin/x`; of a local one it is `x`. */
function upstreamRef(upstream: string): string {
  return upstream.includes("/") ? `refs/remotes/${upstream}` : `refs/heads/${upstream}`;
}

/**
 * How many commits of a branch would be nowhere else without it: neither where work is merged
 * into, as they are or in other commits ({@link isAbsorbed}), nor in its upstream. 0: none.
 */
export async function unmergedCommits(
  repo: Repo,
  branch: Branch,
  worktrees: readonly Worktree[],
): Promise<number> {
  const targets = await targetsOf(repo, branch, worktrees);
  return missingFrom(repo, branch, [...upstreamOf(branch), ...targets]);
}

/** Whether a branch was merged: its upstream counts only where that is another branch's. */
export async function isMerged(
  repo: Repo,
  branch: Branch,
  worktrees: readonly Worktree[],
): Promise<boolean> {
  const pushed = branch.upstream?.endsWith(`/${branch.name}`) === true;
  const targets = await targetsOf(repo, branch, worktrees);
  const into = [...(pushed ? [] : upstreamOf(branch)), ...targets];
  return (await missingFrom(repo, branch, into)) === 0;
}

async function missingFrom(repo: Repo, branch: Branch, refs: readonly string[]): Promise<number> {
  const history = new History(repo.git);
  const counts = await Promise.all(refs.map((ref) => history.count(ref, branch.commit)));
  const fewest =
    counts.length === 0 ? await history.count(null, branch.commit) : Math.min(...counts);
  if (fewest === 0) return 0;
  for (const ref of refs) if (await isAbsorbed(repo.git, ref, branch.commit)) return 0;
  return fewest;
}

/**
 * Every local branch with how far it is ahead of and behind its upstream, or else the
 * main worktree's branch, in two calls of git: the second is told that branch as their
 * upstream.
 */
export async function compared(
  repo: Repo,
  listed: readonly Branch[],
  base: string | null,
): Promise<Map<string, AheadBehind | null>> {
  const tracks = new Map(listed.map((branch) => [branch.name, branch.track]));
  const without = listed.filter((branch) => branch.track === null && branch.name !== base);
  if (base === null || without.length === 0) return tracks;
  const settings = without.flatMap(({ name }) => [
    [`branch.${name}.remote`, "."],
    [`branch.${name}.merge`, `refs/heads/${base}`],
  ]);
  const env = Object.fromEntries([
    ["GIT_CONFIG_COUNT", String(settings.length)],
    ...settings.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${String(index)}`, key],
      [`GIT_CONFIG_VALUE_${String(index)}`, value],
    ]),
  ]) as Record<string, string>;
  for (const branch of await new Branches(repo.git.with({ env })).list()) {
    if (tracks.get(branch.name) === null) tracks.set(branch.name, branch.track);
  }
  return tracks;
}
