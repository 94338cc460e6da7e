import { gitFailed, type Git } from "./git.js";

export interface Selection {
  /** There is nothing to send. */
  readonly empty: boolean;
  /** Commits of the guest that exist here. */
  readonly have: readonly string[];
  /** Of those and their ancestors, the ones that sent commits stand on. */
  readonly prerequisites: readonly string[];
  /** Sent without their parents because the depth ends there. */
  readonly cut: readonly string[];
  /** {@link cut}, and those sent that are without parents on the host already. */
  readonly shallow: readonly string[];
}

export interface SelectionOptions {
  readonly tip: string;
  readonly depth: number | "full";
  readonly have?: readonly string[];
}

/**
 * Which commits a bundle holds.
 *
 * `rev-list --boundary --max-count=N` marks the parents of the N newest commits; those
 * are sent too and cut from their own parents, unless the guest has them.
 */
export async function selectCommits(
  git: Git,
  hostShallow: readonly string[],
  options: SelectionOptions,
): Promise<Selection> {
  const { tip, depth } = options;
  const have = await knownCommits(git, options.have ?? []);
  if (depth === "full" && have.length === 0 && hostShallow.length === 0) {
    return { empty: false, have, prerequisites: [], cut: [], shallow: [] };
  }
  const limit = depth === "full" ? [] : [`--max-count=${String(depth)}`];
  const lines = await revList(git, ["--boundary", ...limit], [tip], have);
  const shown = lines.filter((line) => !line.startsWith("-"));
  const boundary = lines.filter((line) => line.startsWith("-")).map((line) => line.slice(1));

  const isCut = depth !== "full" && shown.length >= depth && boundary.length > 0;
  const cut = isCut ? await notIn(git, boundary, have) : [];
  const sent = new Set([...shown, ...cut]);
  return {
    empty: shown.length === 0,
    have,
    prerequisites: boundary.filter((sha) => !cut.includes(sha)),
    cut,
    shallow: [...new Set([...cut, ...hostShallow.filter((sha) => sent.has(sha))])],
  };
}

/** Those of `commits` that are not reachable from `have`. */
async function notIn(
  git: Git,
  commits: readonly string[],
  have: readonly string[],
): Promise<string[]> {
  if (have.length === 0) return [...commits];
  const found = new Set(await revList(git, [], commits, have));
  return commits.filter((sha) => found.has(sha));
}

async function revList(
  git: Git,
  options: readonly string[],
  include: readonly string[],
  exclude: readonly string[],
): Promise<string[]> {
  const args = ["rev-list", ...options, "--stdin"];
  const stdin = [...include, ...exclude.map((sha) => `^${sha}`), ""].join("\n");
  const result = await git.run(args, { stdin });
  if (result.exitCode !== 0) throw gitFailed(args, result);
  return result.stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/** The ids are the guest's word: only those that name a commit here are used. */
async function knownCommits(git: Git, ids: readonly string[]): Promise<string[]> {
  const wellFormed = ids.filter((id) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(id));
  if (wellFormed.length === 0) return [];
  const args = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
  const result = await git.run(args, {
    stdin: `${wellFormed.join("\n")}\n`,
    // A partial clone must not ask its remote for a commit that a guest made up.
    env: { GIT_NO_LAZY_FETCH: "1" },
  });
  if (result.exitCode !== 0) throw gitFailed(args, result);
  const lines = result.stdout.toString("utf8").split("\n");
  return lines.flatMap((line) => (line.endsWith(" commit") ? [line.slice(0, -7)] : []));
}
