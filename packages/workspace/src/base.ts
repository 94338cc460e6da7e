import {
  Branches,
  History,
  type AheadBehind,
  type Branch,
  type Repo,
  type Worktree,
} from "@cco/git";

/** Fully spelled refs that hold what is safe: a branch all of whose commits one of them has is merged. */
async function mergeBases(
  repo: Repo,
  branch: Branch,
  worktrees: readonly Worktree[],
): Promise<string[]> {
  const main = worktrees[0]?.branch ?? null;
  const remoteHead = await repo.git.run([
    "rev-parse",
    "-q",
    "--verify",
    "refs/remotes/origin/HEAD",
  ]);
  return [
    ...(branch.track === null || branch.upstream === null ? [] : [upstreamRef(branch.upstream)]),
    ...(main === null || main === branch.name ? [] : [`refs/heads/${main}`]),
    ...(remoteHead.exitCode === 0 ? ["refs/remotes/origin/HEAD"] : []),
  ];
}

/** `%(upstream:strip=2)` of a remote's branch is `origin/x`; of a local one it is `x`. */
function upstreamRef(upstream: string): string {
  return upstream.includes("/") ? `refs/remotes/${upstream}` : `refs/heads/${upstream}`;
}

/** How many commits of a branch are in none of {@link mergeBases}; 0 is merged. */
export async function unmergedCommits(
  repo: Repo,
  branch: Branch,
  worktrees: readonly Worktree[],
): Promise<number> {
  const history = new History(repo.git);
  const bases = await mergeBases(repo, branch, worktrees);
  const counts = await Promise.all(bases.map((base) => history.count(base, branch.commit)));
  return counts.length === 0 ? history.count(null, branch.commit) : Math.min(...counts);
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
