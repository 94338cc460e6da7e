import { readdir, readlink, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

import type { Repo } from "@cco/git";

import { fold } from "./fold.js";

/**
 * Files and folders of the worktree that git runs as the host's own hooks, folded, relative to it:
 * the folder that `core.hooksPath` names, as it is written and as its links lead, and what hooks
 * that are links point to.
 */
export async function hookPathsOf(repo: Repo): Promise<readonly string[]> {
  const configured = await hooksPath(repo);
  const folders =
    configured === null ? [join(repo.commonDir, "hooks")] : inEachWorktree(repo, configured);
  const targets = await Promise.all(folders.map(linksIn));
  const written = [...folders, ...targets.flat()];
  const real = await Promise.all(written.map(realOf));
  // A bare repository's own folder is no worktree: only a relative path is taken as from one.
  const worktrees = [repo.root, repo.main].filter((root) => root !== repo.commonDir);
  const relativeOne = configured !== null && !isAbsolute(withHome(configured));
  const roots = relativeOne ? [repo.root, repo.main] : worktrees;
  const inside = [...written, ...real].flatMap((path) => roots.map((root) => within(root, path)));
  return [...new Set(inside.filter((path) => path !== null))];
}

/** `core.hooksPath` as it is configured, or `null`. */
async function hooksPath(repo: Repo): Promise<string | null> {
  const args = ["config", "--show-scope", "-z", "--get-all", "core.hooksPath"];
  const { stdout } = await repo.git.run(args);
  const fields = stdout.toString("utf8").split("\0");
  let path: string | null = null;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    // `command` is what this program itself sets.
    if (fields[at] !== "command") path = fields[at + 1] ?? null;
  }
  return path === "" ? null : path;
}

function withHome(path: string): string {
  return path.replace(/^~(?=\/)/, homedir());
}

/** A relative one means a folder of whichever worktree the hook runs in. */
function inEachWorktree(repo: Repo, path: string): string[] {
  const expanded = withHome(path);
  if (isAbsolute(expanded)) return [expanded];
  return [...new Set([repo.root, repo.main].map((root) => resolve(root, expanded)))];
}

/** Where the links of a folder point, whether or not anything is there. */
async function linksIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink());
  const real = await realOf(folder);
  return Promise.all(
    links.map(async ({ name }) => resolve(real, await readlink(join(real, name)))),
  );
}

/** The real path, as far as there is one. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(await realOf(above), basename(path));
  }
}

function within(root: string, path: string): string | null {
  const inside = relative(root, path);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    return null;
  }
  return fold(inside.split(sep).join("/"));
}
