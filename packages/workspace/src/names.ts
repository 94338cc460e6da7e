import { createHash } from "node:crypto";

/** A file name may have 255 bytes on most file systems; `-12` may still follow. */
const LONGEST = 200;

/** A branch as a window's name; tmux would put a backslash before a `$`, one more at each renaming. */
export function windowNameOf(branch: string): string {
  return plainName(branch).replace(/[$\\]/g, "_");
}

/** A branch as a folder's name: `/` becomes `-`. Different branches may come to one name. */
export function plainName(branch: string): string {
  return shortened(branch.replaceAll("/", "-"));
}

/**
 * A repository's folder name as part of a tmux session's name. tmux itself turns `.`
 * and `:` into `_` and escapes `$`, backslashes and control characters.
 */
export function sessionNameOf(repoName: string): string {
  return `cco-${shortened(repoName.replace(/[.:$\\\p{Cc}]/gu, "_"))}`;
}

/** `name`, `name-2`, `name-3`, …: the rule by which no two things get one name. */
export function* candidates(name: string): Generator<string> {
  yield name;
  for (let number = 2; ; number += 1) yield `${name}-${String(number)}`;
}

/** The first of {@link candidates} that is not taken. */
export function firstFree(name: string, isTaken: (candidate: string) => boolean): string {
  for (const candidate of candidates(name)) if (!isTaken(candidate)) return candidate;
  throw new Error("unreachable");
}

const BELL = "🔔 ";

/** Whether a window's name has the bell mark. */
export function hasBell(name: string): boolean {
  return name.startsWith(BELL);
}

/** A window's name as it was before the bell mark. */
export function withoutBell(name: string): string {
  return hasBell(name) ? name.slice(BELL.length) : name;
}

/** tmux formats: the window's name with the mark, without it, and whether it has one. */
export const BELL_FORMAT = `${BELL}#{window_name}`;
export const UNMARKED_FORMAT = `#{s/^${BELL}//:window_name}`;
export const MARKED_FORMAT = `#{m:${BELL}*,#{window_name}}`;

function shortened(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  // Cut between characters: half of one decodes to U+FFFD.
  const cut = Buffer.from(name).subarray(0, LONGEST - 9);
  const kept = cut.toString("utf8").replace(/\uFFFD$/, "");
  return `${kept}-${hash}`;
}
