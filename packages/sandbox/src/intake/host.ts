import { homedir } from "node:os";
import { isAbsolute, relative, resolve, sep } from "node:path";

import type { Repo } from "@cco/git";

import { fold } from "./fold.js";

/**
 * The folder that the host's own `core.hooksPath` names, folded, relative to the worktree;
 * `null` when there is none, or it lies elsewhere.
 */
export async function hooksPathOf(repo: Repo): Promise<string | null> {
  const args = ["config", "--show-scope", "-z", "--get-all", "core.hooksPath"];
  const { stdout } = await repo.git.run(args);
  const fields = stdout.toString("utf8").split("\0");
  let path: string | null = null;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    // `command` is what this program itself sets.
    if (fields[at] !== "command") path = fields[at + 1] ?? null;
  }
  return path === null || path === "" ? null : inWorktree(repo, path);
}

function inWorktree(repo: Repo, path: string): string | null {
  const expanded = path.replace(/^~(?=\/)/, homedir());
  for (const root of [repo.root, repo.main]) {
    const inside = relative(root, isAbsolute(expanded) ? expanded : resolve(root, expanded));
    if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      continue;
    }
    return fold(inside.split(sep).join("/"));
  }
  return null;
}
