import { fold } from "../fold.js";

/** Links followed before a file system gives up (ELOOP). */
const MAX_FOLLOWED = 40;

/** Bytes of a link's target beyond which no file system makes one. */
export const MAX_TARGET = 4096;

/**
 * Why a symbolic link leaves its tree (or reaches git's own folder), or `null`.
 * Other links of the tree are followed: three harmless ones can add up to a way out.
 *
 * @param links targets of all links of the tree, by folded path.
 */
export function escapeOf(
  path: string,
  target: string,
  links: ReadonlyMap<string, string>,
): string | null {
  let followed = 0;
  const at = fold(path).split("/").slice(0, -1);
  const todo = target.split("/");
  if (isOutside(target)) return "points to an absolute path";
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (at.pop() === undefined) return "points out of the repository";
      continue;
    }
    at.push(fold(part));
    if (at.at(-1) === ".git") return "points into git's own folder";
    const next = links.get(at.join("/"));
    if (next === undefined) continue;
    if (isOutside(next)) return "leads through a link to an absolute path";
    followed += 1;
    // A loop leads nowhere.
    if (followed > MAX_FOLLOWED) return null;
    at.pop();
    todo.unshift(...next.split("/"));
  }
  return null;
}

/** Absolute here or on Windows, or not a path at all. */
function isOutside(target: string): boolean {
  return /^[/\\]|^[A-Za-z]:/.test(target) || target.includes("\0") || target.length > MAX_TARGET;
}
