import { copyFile, mkdtemp, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { identity, NOBODY } from "./config.js";
import { gitFailed, type Git } from "./git.js";
import { Refs } from "./refs.js";
import type { Repo } from "./repo.js";

export interface SnapshotOptions {
  /** Untracked files that are not ignored too. Default `true`. */
  readonly includeUntracked?: boolean;
  /** Default `uncommitted changes`. */
  readonly message?: string;
  readonly signal?: AbortSignal;
}

export interface Snapshot {
  /** A commit on top of HEAD, on no branch. */
  readonly commit: string;
  /**
   * Untracked folders that are repositories of their own, left out: their commits are
   * not in this repository's store.
   */
  readonly nestedRepositories: readonly string[];
}

/**
 * The worktree as it is now, as a commit; `null` when nothing is uncommitted.
 *
 * Made with a temporary index: the person's index, branch and files stay as they are. No
 * hook, file monitor or signing runs; clean filters do, as for any commit.
 *
 * @throws {GitError} `GIT_FAILED`, for example for a file that cannot be read.
 */
export async function snapshotCommit(
  repo: Repo,
  options: SnapshotOptions = {},
): Promise<Snapshot | null> {
  const scratch = await mkdtemp(join(tmpdir(), "cco-snapshot-"));
  try {
    const index = join(scratch, "index");
    await copyIndex(join(repo.gitDir, "index"), index);
    const git = repo.git.with({
      env: { GIT_INDEX_FILE: index },
      config: {
        "core.safecrlf": "false",
        "core.splitIndex": "false",
        "advice.addEmbeddedRepo": "false",
      },
    });
    const run = (args: readonly string[], stdin?: Buffer) => must(git, args, options.signal, stdin);

    await run(["add", "-u", "--sparse"]);
    const nestedRepositories = (options.includeUntracked ?? true) ? await addUntracked(run) : [];
    const tree = (await run(["write-tree"])).toString("utf8").trim();
    const parent = await new Refs(repo.git).resolve("HEAD");
    if (parent !== null && tree === (await repo.git.text(["rev-parse", `${parent}^{tree}`]))) {
      return null;
    }
    const commit = await commitTree(repo.git, tree, parent, options.message);
    return { commit, nestedRepositories };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Run = (args: readonly string[], stdin?: Buffer) => Promise<Buffer>;

async function addUntracked(run: Run): Promise<string[]> {
  // Byte for byte: a file's name need not be UTF-8.
  const listed = await run(["ls-files", "-z", "--others", "--exclude-standard"]);
  const paths = listed
    .toString("latin1")
    .split("\0")
    .filter((path) => path !== "");
  // git lists a repository inside the worktree as a folder, any other file by its name.
  const nested = paths.filter((path) => path.endsWith("/"));
  const files = paths.filter((path) => !path.endsWith("/"));
  if (files.length > 0) {
    const stdin = Buffer.from(files.map((path) => `${path}\0`).join(""), "latin1");
    await run(["update-index", "--add", "--replace", "-z", "--stdin"], stdin);
  }
  return nested.map((path) => Buffer.from(path, "latin1").toString("utf8"));
}

async function commitTree(
  git: Git,
  tree: string,
  parent: string | null,
  message = "uncommitted changes",
): Promise<string> {
  const { name, email } = (await identity(git)) ?? NOBODY;
  const env = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
  const parents = parent === null ? [] : ["-p", parent];
  return git.text(["commit-tree", "--no-gpg-sign", ...parents, "-m", message, tree], { env });
}

async function must(
  git: Git,
  args: readonly string[],
  signal: AbortSignal | undefined,
  stdin?: Buffer,
): Promise<Buffer> {
  const result = await git.run(args, { signal, stdin });
  if (result.exitCode !== 0) throw gitFailed(args, result);
  return result.stdout;
}

/**
 * With its time: a file that changed in the second in which the index was written is known to git
 * only by comparing the two (gitformat-index(5), racy-git). Rounded down, so that git reads too many
 * files rather than too few.
 */
async function copyIndex(from: string, to: string): Promise<void> {
  try {
    const second = Math.floor((await stat(from)).mtimeMs / 1000);
    await copyFile(from, to);
    await utimes(to, second, second);
  } catch (error) {
    // Before the first `git add` there is none.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
