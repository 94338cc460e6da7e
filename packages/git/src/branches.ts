import { GitError } from "./errors.js";
import { gitFailed, type Git } from "./git.js";
import { History, type AheadBehind } from "./history.js";
import { listWorktrees } from "./list-worktrees.js";
import { parseRecords } from "./parse.js";
import { Refs } from "./refs.js";

/** A local branch; all names without `refs/heads/`. */
export interface Branch {
  readonly name: string;
  readonly commit: string;
  /** `origin/x`, or `null` when it tracks nothing. */
  readonly upstream: string | null;
  /** Against the upstream; `null` when there is none or it is gone. */
  readonly track: AheadBehind | null;
  /** The worktree that has it checked out. */
  readonly worktree: string | null;
}

export interface DeleteBranchOptions {
  /** Delete it even if its commits are nowhere else (`-D`). Default `false`. */
  readonly force?: boolean;
}

/** Local branches. Nothing is cached. */
export class Branches {
  readonly #git: Git;
  readonly #refs: Refs;

  constructor(git: Git) {
    this.#git = git;
    this.#refs = new Refs(git);
  }

  /** Whether git takes `name` for a new branch. */
  async isValidName(name: string): Promise<boolean> {
    // `@` is another name of HEAD wherever git takes a revision.
    if (name.startsWith("-") || name === "HEAD" || name === "@" || name.includes("\0"))
      return false;
    const result = await this.#git.run(["check-ref-format", `refs/heads/${name}`]);
    return result.exitCode === 0;
  }

  /**
   * Why there can be no branch `name` beside those that are there: git keeps branches like files,
   * and `feat` cannot be a file and the folder of `feat/x`.
   */
  async inTheWayOf(name: string): Promise<GitError | undefined> {
    const above = name.split("/").map((_part, index, parts) => parts.slice(0, index).join("/"));
    const other = (await this.#refs.list("refs/heads"))
      .map((ref) => ref.name.replace(/^refs\/heads\//, ""))
      .find((one) => one.startsWith(`${name}/`) || above.includes(one));
    if (other === undefined) return undefined;
    const message = `branch "${name}" cannot be beside branch "${other}": one would be a folder of the other`;
    return new GitError("BRANCH_EXISTS", message, {
      hint: `choose another name, or rename that one: git branch -m ${other} <name>`,
    });
  }

  /** @throws {GitError} `BRANCH_NAME_INVALID` */
  async requireValidName(name: string): Promise<void> {
    if (await this.isValidName(name)) return;
    throw new GitError("BRANCH_NAME_INVALID", `not a valid branch name: ${JSON.stringify(name)}`, {
      hint: "rules: git help check-ref-format",
    });
  }

  /** The commit of a local branch, or `null` when there is no such branch. */
  commit(name: string): Promise<string | null> {
    return this.#refs.read(`refs/heads/${name}`);
  }

  async exists(name: string): Promise<boolean> {
    return (await this.commit(name)) !== null;
  }

  /** The remotes that have a branch of this name (as last fetched): `["origin"]`. */
  async remotesWith(name: string): Promise<string[]> {
    const [remotes, refs] = await Promise.all([
      this.#git.text(["remote"]),
      this.#refs.list("refs/remotes"),
    ]);
    const known = new Set(refs.map((ref) => ref.name));
    return remotes
      .split("\n")
      .filter((remote) => remote !== "" && known.has(`refs/remotes/${remote}/${name}`));
  }

  /** Every local branch with its upstream, in one call of git. */
  async list(): Promise<Branch[]> {
    const fields = [
      "%(refname:strip=2)",
      "%(objectname)",
      "%(upstream:strip=2)",
      "%(upstream:track,nobracket)",
      "%(worktreepath)",
    ];
    const format = `--format=${fields.map((field) => `${field}%00`).join("")}`;
    const args = ["for-each-ref", format, "refs/heads"];
    const result = await this.#git.run(args);
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return parseRecords(result.stdout, fields.length).map(
      ([name = "", commit = "", upstream = "", track = "", worktree = ""]) => ({
        name,
        commit,
        upstream: upstream === "" ? null : upstream,
        track: upstream === "" ? null : parseTrack(track),
        worktree: worktree === "" ? null : worktree,
      }),
    );
  }

  /** Branches all of whose commits are in `into`. */
  async merged(into: string): Promise<string[]> {
    const args = ["for-each-ref", "--format=%(refname:strip=2)", `--merged=${into}`, "refs/heads"];
    const text = await this.#git.text(args);
    return text === "" ? [] : text.split("\n");
  }

  /**
   * Make a branch at `from`, tracking nothing.
   *
   * @throws {GitError} `BRANCH_NAME_INVALID`, `BRANCH_EXISTS`
   */
  async create(name: string, from: string): Promise<void> {
    await this.requireValidName(name);
    if (await this.exists(name)) throw branchExists(name);
    const args = ["branch", "--no-track", "--end-of-options", name, from];
    const result = await this.#git.run(args);
    if (result.exitCode === 0) return;
    if (await this.exists(name)) throw branchExists(name);
    throw (await this.inTheWayOf(name)) ?? gitFailed(args, result);
  }

  /**
   * Delete a branch; without `force` only if its commits are in its upstream or, where
   * it has none, in HEAD (`git branch -d`).
   *
   * @throws {GitError} `BRANCH_NOT_FOUND`, `BRANCH_CHECKED_OUT`, `BRANCH_NOT_MERGED`
   */
  async delete(name: string, options: DeleteBranchOptions = {}): Promise<void> {
    const force = options.force ?? false;
    const args = ["branch", force ? "-D" : "-d", "-q", "--end-of-options", name];
    const result = await this.#git.run(args);
    if (result.exitCode === 0) return;
    throw (await this.#whyNotDeleted(name, force)) ?? gitFailed(args, result);
  }

  async #whyNotDeleted(name: string, force: boolean): Promise<GitError | undefined> {
    const branch = (await this.list()).find((one) => one.name === name);
    if (branch === undefined) {
      return new GitError("BRANCH_NOT_FOUND", `no such branch: ${name}`);
    }
    const holder = (await listWorktrees(this.#git)).find((one) => one.branch === name);
    if (holder !== undefined) {
      return new GitError("BRANCH_CHECKED_OUT", `${name} is checked out in ${holder.path}`, {
        hint: `remove that worktree first: cco rm ${name}`,
      });
    }
    const into = branch.track === null ? "HEAD" : `refs/remotes/${branch.upstream ?? ""}`;
    if (force || (await new History(this.#git).isAncestor(branch.commit, into))) return undefined;
    return new GitError("BRANCH_NOT_MERGED", `${name} has commits that are nowhere else`, {
      hint: `to delete it all the same: git branch -D ${name}`,
    });
  }
}

function branchExists(name: string): GitError {
  return new GitError("BRANCH_EXISTS", `branch already exists: ${name}`);
}

/** `ahead 1, behind 2`, `gone`, or nothing when both are equal. */
function parseTrack(text: string): AheadBehind | null {
  if (text === "gone") return null;
  return {
    ahead: Number(/ahead (\d+)/.exec(text)?.[1] ?? 0),
    behind: Number(/behind (\d+)/.exec(text)?.[1] ?? 0),
  };
}
