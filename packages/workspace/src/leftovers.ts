import { quoteArgv } from "@cco/exec";
import { Worktrees, type Repo } from "@cco/git";

import { ownFolder } from "./files.js";
import { isWithin } from "./paths.js";
import { BRANCH_OPTION, WORKTREE_OPTION, optionValue, pathOf } from "./server.js";
import type { Shared } from "./shared.js";
import type { Leftover } from "./types.js";
import { allWindows, windowOf, windowsOf } from "./windows.js";
import { INITIALIZING } from "./worktree.js";

/** See {@link Workspaces.leftovers}. */
export async function findLeftovers({ tmux, paths }: Shared, repo: Repo): Promise<Leftover[]> {
  const [windows, worktrees, folder] = await Promise.all([
    allWindows(tmux),
    new Worktrees(repo).list(),
    ownFolder(paths.worktrees),
  ]);
  const ours = worktrees.filter((one) => folder !== null && isWithin(folder, one.path));
  const gone = ours
    .filter((one) => one.prunable !== null && one.locked === null)
    .map(({ branch, path }): Leftover => ({
      kind: "worktree-gone",
      name: branch ?? path,
      detail: `its folder was deleted: ${path}`,
      fix: branch === null ? "git worktree prune" : quoteArgv(["cco", "rm", branch]),
    }));
  const halfMade = ours
    .filter((one) => one.locked === INITIALIZING)
    .map(({ branch, path }): Leftover => ({
      kind: "worktree-half-made",
      name: branch ?? path,
      detail: `making it was interrupted: ${path}`,
      fix: quoteArgv(
        branch === null ? ["git", "worktree", "remove", "-ff", path] : ["cco", "add", branch],
      ),
    }));
  const known = new Set(worktrees.map((one) => optionValue(one.path)));
  const windowsOfNone = windowsOf(repo, windows)
    .filter((window) => {
      const { [BRANCH_OPTION]: branch, [WORKTREE_OPTION]: worktree } = window.options;
      if (branch === undefined || worktree === undefined || known.has(worktree)) return false;
      // Its branch's worktree may have been moved: then the window is still the branch's.
      const moved = worktrees.some((one) => one.branch === branch);
      return !(moved && windowOf(branch, [window], worktrees) !== undefined);
    })
    .map((window): Leftover => {
      const branch = window.options[BRANCH_OPTION] ?? "";
      const worktree = pathOf(window.options[WORKTREE_OPTION] ?? "");
      return {
        kind: "window-without-worktree",
        name: branch,
        detail: `window ${window.windowId} is open on a worktree that is gone: ${worktree}`,
        fix: quoteArgv(["cco", "rm", branch]),
      };
    });
  return [...gone, ...halfMade, ...windowsOfNone];
}
