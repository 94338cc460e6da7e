import { GitError } from "./errors.js";
import type { Git } from "./git.js";

/** The oldest git that works: 2.38 brought `merge-tree --write-tree`. */
export const MINIMUM_GIT = { major: 2, minor: 38 } as const;

/** git's version (`2.39.5`), as `git version` prints it. */
export async function gitVersion(git: Git): Promise<string> {
  const text = await git.text(["version"], { cwd: "/" });
  return /^git version (\S+)/.exec(text)?.[1] ?? text;
}

/** @throws {GitError} `GIT_MISSING`, `GIT_TOO_OLD`. */
export async function requireVersion(git: Git): Promise<void> {
  const version = await gitVersion(git);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const { major: wantMajor, minor: wantMinor } = MINIMUM_GIT;
  if (major < wantMajor || (major === wantMajor && minor < wantMinor)) throw tooOld(version);
}

/** The error for a git that is too old. */
export function tooOld(version: string): GitError {
  const minimum = `${String(MINIMUM_GIT.major)}.${String(MINIMUM_GIT.minor)}`;
  return new GitError("GIT_TOO_OLD", `git ${version} is too old`, {
    hint: `install git ${minimum} or newer`,
  });
}
