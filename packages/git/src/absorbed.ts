import { gitFailed, type Git } from "./git.js";
import { History } from "./history.js";
import { commitTree, mergeTrees } from "./land-compute.js";

/**
 * Whether all that `tip` changes is in `base`, though its commits are not: they were rebased,
 * cherry-picked or squashed into it. A `tip` that changes nothing in the end is not.
 *
 * - Each of its commits has a twin in `base` (`git cherry`), or one commit of `base` makes the
 *   same change as all of them together.
 * - Or merging it would leave `base` as it is. Not asked where merge drivers of the person's
 *   own could decide that.
 *
 * @param base a revision that the caller knows to exist, as `tip`.
 */
export async function isAbsorbed(git: Git, base: string, tip: string): Promise<boolean> {
  const start = await new History(git).mergeBase(base, tip);
  if (start === null) return false;
  const trees = [base, tip, start].map((commit) => `${commit}^{tree}`);
  const text = await git.text(["rev-parse", "--end-of-options", ...trees]);
  const [baseTree = "", tipTree = "", startTree = ""] = text.split("\n").slice(-trees.length);
  if (tipTree === startTree) return false;

  if (!(await hasMerges(git, base, tip)) && (await haveTwins(git, base, tip))) return true;
  // Stands for all of them squashed; no ref names it.
  const squashed = await commitTree(git, {
    tree: tipTree,
    parents: [start],
    message: "squashed\n",
  });
  if (await haveTwins(git, base, squashed)) return true;
  if (await hasMergeDrivers(git)) return false;
  const merged = await mergeTrees(git, base, tip);
  return merged.kind === "clean" && merged.tree === baseTree;
}

/** What a merge brought by itself has no patch that could be compared. */
async function hasMerges(git: Git, base: string, tip: string): Promise<boolean> {
  const args = ["rev-list", "--merges", "--max-count=1", "--end-of-options", tip, `^${base}`];
  return (await git.text(args)) !== "";
}

/** Whether each commit that `base` has not makes the same change as one that it has. */
async function haveTwins(git: Git, base: string, tip: string): Promise<boolean> {
  const text = await git.text(["cherry", "--end-of-options", base, tip]);
  return text === "" || text.split("\n").every((line) => line.startsWith("- "));
}

async function hasMergeDrivers(git: Git): Promise<boolean> {
  const args = ["config", "--get-regexp", "^merge\\..*\\.driver$"];
  const result = await git.run(args);
  if (result.exitCode > 1) throw gitFailed(args, result);
  return result.exitCode === 0;
}
