import type { Repo } from "./repo.js";

export interface InputBundleOptions {
  /** The commit to send; it need not be on any branch. */
  readonly tip: string;
  /** The bundle names `tip` as `refs/heads/<branch>` and `HEAD`. */
  readonly branch: string;
  /** Newest commits to send, at least 1, or all of them. */
  readonly depth: number | "full";
  /** Commits that the guest has already; ids unknown here are passed over. */
  readonly have?: readonly string[];
  /** The guest's own shallow boundary, where `have` is given. */
  readonly haveShallow?: readonly string[];
  /** Absolute path of the bundle to write; it is replaced. */
  readonly file: string;
  readonly signal?: AbortSignal;
}

export interface InputBundle {
  /** Bytes; 0, and no file, when the guest has everything already. */
  readonly size: number;
  /** Commits sent without their parents: the guest's `.git/shallow` before it fetches. */
  readonly shallow: readonly string[];
  /** The guest's repository must have the same (`git init --object-format`). */
  readonly objectFormat: "sha1" | "sha256";
}

/** Write a bundle straight from the repository's store, without a clone in between. */
export async function createInputBundle(
  repo: Repo,
  options: InputBundleOptions,
): Promise<InputBundle> {
  await Promise.resolve([repo, options]);
  throw new Error("not written yet");
}
