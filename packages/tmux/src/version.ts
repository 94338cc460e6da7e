/** The oldest tmux that has all that is used here. */
export const MINIMUM_TMUX = "3.2";

export interface TmuxVersion {
  /** What `tmux -V` says after the name: `3.3a`, `next-3.5`, `master`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/**
 * Read what `tmux -V` prints. A development build without a number (`master`,
 * `openbsd-7.5`) counts as newer than any release.
 */
export function parseVersion(output: string): TmuxVersion {
  const text = output.trim().replace(/^tmux\s+/, "");
  const match = /^(?:next-)?(\d+)\.(\d+)/.exec(text);
  if (match === null) return { text, major: Infinity, minor: 0 };
  return { text, major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether `version` is `minimum` (`3.2`) or newer. */
export function isAtLeast(version: TmuxVersion, minimum: string): boolean {
  const wanted = parseVersion(minimum);
  return (
    version.major > wanted.major ||
    (version.major === wanted.major && version.minor >= wanted.minor)
  );
}
