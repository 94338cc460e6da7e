import { gitFailed, type Git } from "./git.js";

export type MergedTree =
  | { readonly kind: "clean"; readonly tree: string }
  | { readonly kind: "conflict"; readonly files: readonly string[] }
  | { readonly kind: "unrelated" };

/** Merge two commits in the object store alone: no index, no file, no ref is touched. */
export async function mergeTrees(
  git: Git,
  ours: string,
  theirs: string,
  signal?: AbortSignal,
): Promise<MergedTree> {
  const args = ["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", ours, theirs];
  const result = await git.run(args, { signal });
  const [tree = "", ...files] = result.stdout.toString("utf8").split("\0");
  if (result.exitCode === 0) return { kind: "clean", tree: tree.trim() };
  if (result.exitCode === 1) {
    return { kind: "conflict", files: [...new Set(files.filter((file) => file !== ""))] };
  }
  if (result.stderr.includes("unrelated histories")) return { kind: "unrelated" };
  throw gitFailed(args, result);
}

export interface CommitTreeOptions {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** The commit whose author and date it takes. Default: the person, now. */
  readonly authorOf?: string;
  readonly signal?: AbortSignal | undefined;
}

/** A commit by the person, on no branch, unsigned: a signature would vouch for a guest's work. */
export async function commitTree(git: Git, options: CommitTreeOptions): Promise<string> {
  const parents = options.parents.flatMap((parent) => ["-p", parent]);
  const args = ["commit-tree", "--no-gpg-sign", ...parents, "-F", "-", options.tree];
  const env = options.authorOf === undefined ? {} : (await written(git, options.authorOf)).env;
  return git.text(args, { stdin: options.message, env, signal: options.signal });
}

interface Written {
  readonly env: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Author, date and message of a commit, as `commit-tree` takes them. */
async function written(git: Git, sha: string, signal?: AbortSignal): Promise<Written> {
  const format = "--format=%an%x00%ae%x00%ad%x00%B";
  const args = ["show", "-s", "--date=raw", "--encoding=UTF-8", "--no-show-signature", format];
  const text = await git.text([...args, "--end-of-options", sha], { signal });
  const [name = "", email = "", date = "", message = ""] = text.split("\0");
  const env = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: `@${date}` };
  return { env, message };
}

export type Replayed =
  | { readonly kind: "clean"; readonly tip: string }
  | { readonly kind: "conflict"; readonly commit: string; readonly files: readonly string[] };

export interface ReplayOptions {
  readonly onto: string;
  /** Commits of `tip` that this one has are left out. */
  readonly from: string;
  readonly tip: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Replay the commits `from..tip` on `onto`, as `git rebase` does (authors and messages
 * kept, merges flattened, commits whose change is there already left out), in the object
 * store alone: no worktree, no index, no ref, no hook, no filter is involved.
 */
export async function replay(git: Git, options: ReplayOptions): Promise<Replayed> {
  const { onto, from, tip, signal } = options;
  const range = ["rev-list", "--reverse", "--topo-order", "--no-merges", "--parents"];
  const listed = await git.text([...range, tip, `^${from}`], { signal });
  let head = onto;
  for (const line of listed.split("\n").filter((one) => one !== "")) {
    const [commit = "", parent] = line.split(" ");
    const step = await replayOne(git, { head, commit, parent, signal });
    if (step.kind === "conflict") return step;
    head = step.tip;
  }
  return { kind: "clean", tip: head };
}

interface ReplayStep {
  readonly head: string;
  readonly commit: string;
  readonly parent: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function replayOne(git: Git, step: ReplayStep): Promise<Replayed> {
  const { head, commit, signal } = step;
  const [headTree = "", tree = "", oldTree = ""] = (
    await git.text(["rev-parse", ...[head, commit, step.parent ?? ""].flatMap(treeOf)], { signal })
  ).split("\n");
  const base = step.parent ?? (await bare(git, await emptyTree(git), []));
  // Stand-ins whose only common ancestor is the commit's parent: `merge-tree` before git
  // 2.40 cannot be told the base.
  const ours = await bare(git, headTree, [base]);
  const theirs = step.parent === undefined ? await bare(git, tree, [base]) : commit;
  const merged = await mergeTrees(git, ours, theirs, signal);
  if (merged.kind === "conflict") return { kind: "conflict", commit, files: merged.files };
  if (merged.kind === "unrelated") throw new TypeError("stand-ins share their parent");
  // Its change is there already; a commit that was empty from the start is kept.
  if (merged.tree === headTree && tree !== oldTree) return { kind: "clean", tip: head };
  const { env, message } = await written(git, commit, signal);
  const args = ["commit-tree", "--no-gpg-sign", "-p", head, "-F", "-", merged.tree];
  return { kind: "clean", tip: await git.text(args, { stdin: message, env, signal }) };
}

function treeOf(commit: string): string[] {
  return commit === "" ? [] : [`${commit}^{tree}`];
}

function bare(git: Git, tree: string, parents: readonly string[]): Promise<string> {
  return commitTree(git, { tree, parents, message: "stand-in\n" });
}

function emptyTree(git: Git): Promise<string> {
  return git.text(["hash-object", "-w", "-t", "tree", "--stdin"], { stdin: "" });
}
