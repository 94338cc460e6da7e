import { gitFailed, type Git } from "./git.js";
import { parseRecords } from "./parse.js";
import { parseRawNumstat, type FileChange } from "./parse-diff.js";

/** Text as its author wrote it: strip control characters before showing it. */
export interface Commit {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
  /** Author date, ISO 8601 with the author's offset. */
  readonly date: string;
}

export interface AheadBehind {
  readonly ahead: number;
  readonly behind: number;
}

/**
 * Questions about commits. Arguments are commit ids or revisions that the caller
 * knows to exist; anything else is `GIT_FAILED`.
 */
export class History {
  readonly #git: Git;

  constructor(git: Git) {
    this.#git = git;
  }

  /** Whether `ancestor` is `commit` or reachable from it. */
  async isAncestor(ancestor: string, commit: string): Promise<boolean> {
    const args = ["merge-base", "--is-ancestor", "--end-of-options", ancestor, commit];
    const result = await this.#git.run(args);
    if (result.exitCode > 1) throw gitFailed(args, result);
    return result.exitCode === 0;
  }

  /** A best common ancestor, or `null` for unrelated histories. */
  async mergeBase(a: string, b: string): Promise<string | null> {
    const args = ["merge-base", "--end-of-options", a, b];
    const result = await this.#git.run(args);
    if (result.exitCode > 1) throw gitFailed(args, result);
    return result.exitCode === 0 ? result.stdout.toString("utf8").trim() : null;
  }

  /** How many commits `tip` has that `base` has not; all of them without a base. */
  async count(base: string | null, tip: string): Promise<number> {
    const args = ["rev-list", "--count", "--end-of-options", tip, ...not(base)];
    return Number(await this.#git.text(args));
  }

  /** How far `tip` is ahead of and behind `base`. */
  async aheadBehind(base: string, tip: string): Promise<AheadBehind> {
    const range = `${base}...${tip}`;
    const text = await this.#git.text([
      "rev-list",
      "--left-right",
      "--count",
      "--end-of-options",
      range,
    ]);
    const [behind = 0, ahead = 0] = text.split("\t").map(Number);
    return { ahead, behind };
  }

  /**
   * The commits of `tip` that `base` has not, newest first.
   *
   * @param limit most of them. Default: all.
   */
  async log(base: string | null, tip: string, limit?: number): Promise<Commit[]> {
    const args = [
      "log",
      "-z",
      "--no-show-signature",
      "--no-color",
      "--encoding=UTF-8",
      "--no-mailmap",
      "--format=tformat:%H%x00%s%x00%an%x00%aI",
      ...(limit === undefined ? [] : [`--max-count=${String(limit)}`]),
      "--end-of-options",
      tip,
      ...not(base),
      "--",
    ];
    const result = await this.#git.run(args);
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return parseRecords(result.stdout, 4).map(
      ([sha = "", subject = "", author = "", date = ""]) => ({ sha, subject, author, date }),
    );
  }

  /**
   * The files that differ between two commits or trees, sorted by path. A rename is a
   * deletion and an addition. No external diff or text conversion is run.
   *
   * @param base `null`: compare with nothing.
   */
  async diffFiles(base: string | null, tip: string): Promise<FileChange[]> {
    const args = [
      "diff-tree",
      "-r",
      "-z",
      "--raw",
      "--numstat",
      "--no-abbrev",
      "--no-renames",
      "--no-ext-diff",
      "--no-textconv",
      "--ignore-submodules=none",
      "--end-of-options",
      base ?? (await this.#emptyTree()),
      tip,
      "--",
    ];
    const result = await this.#git.run(args);
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return parseRawNumstat(result.stdout);
  }

  async #emptyTree(): Promise<string> {
    return this.#git.text(["hash-object", "-t", "tree", "--stdin"]);
  }
}

function not(base: string | null): string[] {
  return base === null ? [] : [`^${base}`];
}
