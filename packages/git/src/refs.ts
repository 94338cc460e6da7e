import { GitError } from "./errors.js";
import { gitFailed, type Git } from "./git.js";
import { parseRecords } from "./parse.js";

/** One ref and the object it names. */
export interface Ref {
  /** Full name: `refs/heads/main`. */
  readonly name: string;
  readonly sha: string;
}

/** Refs of one repository. Nothing is cached. */
export class Refs {
  readonly #git: Git;

  constructor(git: Git) {
    this.#git = git;
  }

  /** The full id of the commit that `revision` names, or `null` when it names none. */
  async resolve(revision: string): Promise<string | null> {
    const args = ["rev-parse", "-q", "--verify", "--end-of-options", `${revision}^{commit}`];
    const result = await this.#git.run(args);
    return result.exitCode === 0 ? result.stdout.toString("utf8").trim() : null;
  }

  /** The object a ref (by its full name) holds, or `null` when there is no such ref. */
  async read(ref: string): Promise<string | null> {
    const found = await this.list(ref);
    return found.find(({ name }) => name === ref)?.sha ?? null;
  }

  /** Refs whose name is `prefix` or begins with it up to a slash, sorted by name. */
  async list(prefix: string): Promise<Ref[]> {
    const format = "--format=%(refname)%00%(objectname)%00";
    const args = ["for-each-ref", format, "--end-of-options", prefix];
    const result = await this.#git.run(args);
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return parseRecords(result.stdout, 2).map(([name = "", sha = ""]) => ({ name, sha }));
  }

  /**
   * Move a ref from `old` to `next` in one step.
   *
   * @param old what it must hold now; `null`: it must not exist.
   * @param reason for the reflog.
   * @throws {GitError} `REF_MOVED`: it holds something else; nothing changed.
   */
  async update(ref: string, next: string, old: string | null, reason = "cco"): Promise<void> {
    const args = ["update-ref", "--no-deref", "-m", reason, "--end-of-options", ref, next];
    await this.#compareAndSwap(ref, old, [...args, old ?? ""]);
  }

  /** Remove a ref that holds `old`. @throws {GitError} `REF_MOVED` */
  async delete(ref: string, old: string): Promise<void> {
    const args = ["update-ref", "--no-deref", "-d", "--end-of-options", ref, old];
    await this.#compareAndSwap(ref, old, args);
  }

  async #compareAndSwap(ref: string, old: string | null, args: readonly string[]): Promise<void> {
    const result = await this.#git.run(args);
    if (result.exitCode === 0) return;
    const now = await this.read(ref);
    if (now === old) throw gitFailed(args, result);
    const found = now === null ? "it is gone" : `it is at ${now.slice(0, 12)}`;
    const wanted = old === null ? "no such ref" : old.slice(0, 12);
    throw new GitError("REF_MOVED", `${ref} has moved: expected ${wanted}, ${found}`, {
      hint: "run the same command again",
    });
  }
}
