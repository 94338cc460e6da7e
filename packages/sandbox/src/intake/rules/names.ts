import type { Change, Tree } from "../changes.js";
import { fold } from "../fold.js";
import { hasControls } from "../printable.js";
import { DELETED, type ChangeRule } from "./rule.js";

/** Names that some file system takes for `.git`, beyond those that git's own check refuses. */
const GIT_FOLDER = /^(?:\.git|git~[0-9]+)(?::.*)?$/;

export const illegalName: ChangeRule = {
  rule: "illegal-name",
  inHistory: true,
  check({ folded, newMode }) {
    if (newMode === DELETED) return null;
    const parts = folded.split("/");
    if (parts.some((part) => GIT_FOLDER.test(part.replace(/[. ]+$/u, "")))) {
      return "a name that a file system takes for git's own folder";
    }
    return parts.some((part) => part === ".." || part === "." || part === "")
      ? "a name that leads elsewhere"
      : null;
  },
};

export const controlCharacters: ChangeRule = {
  rule: "control-characters",
  inHistory: false,
  check({ path }) {
    if (path.includes("\ufffd")) return "a name that is not UTF-8";
    return hasControls(path) ? "a name with control or invisible characters" : null;
  },
};

/**
 * Files and folders of the result that are one on a file system which ignores case or
 * Unicode forms: the second written would be the first, or go through it where it is a link.
 *
 * @returns for each changed path that meets another: that other.
 */
export function nameClashes(changes: readonly Change[], tip: Tree): Map<string, string> {
  /** Spellings that changed files bring in, by their folded form; folders too. */
  const brought = new Map<string, { spelling: string; path: string }>();
  const clashes = new Map<string, string>();
  for (const { path, oldMode, newMode, commit } of changes) {
    if (commit !== null || newMode === DELETED || oldMode !== DELETED) continue;
    for (const spelling of prefixes(path)) {
      const folded = fold(spelling);
      const other = brought.get(folded);
      if (other === undefined) brought.set(folded, { spelling, path });
      else if (other.spelling !== spelling) clashes.set(path, other.spelling);
    }
  }
  if (brought.size === 0) return clashes;
  for (const path of tip.keys()) {
    for (const spelling of prefixes(path)) {
      const other = brought.get(fold(spelling));
      if (other === undefined || other.spelling === spelling) continue;
      if (!clashes.has(path)) clashes.set(other.path, spelling);
    }
  }
  return clashes;
}

/** `a/b/c`: `a`, `a/b`, `a/b/c`. */
function prefixes(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
    found.push(path.slice(0, at));
  }
  return [...found, path];
}
