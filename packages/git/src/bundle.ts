import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";

import { RunError } from "@cco/exec";

import { bundleHeader, type ObjectFormat } from "./bundle-header.js";
import { GitError } from "./errors.js";
import { gitFailed, type Git } from "./git.js";
import type { Repo } from "./repo.js";
import { selectCommits, type Selection } from "./select-commits.js";

export interface InputBundleOptions {
  /** Full id of the commit to send; it need not be on any branch. */
  readonly tip: string;
  /** The bundle names `tip` as `refs/heads/<branch>` and `HEAD`. */
  readonly branch: string;
  /** Newest commits to send (at least 1; their parents come along), or all of them. */
  readonly depth: number | "full";
  /** Commits that the guest has already; what is not a commit known here is passed over. */
  readonly have?: readonly string[];
  /** The guest's own shallow boundary, where `have` is given. */
  readonly haveShallow?: readonly string[];
  /** Absolute path of the bundle to write (mode 0600); it is replaced. */
  readonly file: string;
  readonly signal?: AbortSignal;
}

export interface InputBundle {
  /** Bytes; 0, and no file, when the guest has everything already. */
  readonly size: number;
  /** Commits sent without their parents, to add to the guest's `.git/shallow` before it fetches. */
  readonly shallow: readonly string[];
  /** The guest's repository must have the same (`git init --object-format`). */
  readonly objectFormat: ObjectFormat;
}

/**
 * Write a bundle straight from the repository's store, without a clone in between.
 *
 * A shallow one is cut by handing git a boundary (`GIT_SHALLOW_FILE`); a partial clone
 * fetches what it lacks from its own remote. Replacements and grafts do not count.
 *
 * @throws {GitError} `GIT_FAILED`: an object is missing, the file cannot be written.
 */
export async function createInputBundle(
  repo: Repo,
  options: InputBundleOptions,
): Promise<InputBundle> {
  const plain = repo.git.with({
    env: { GIT_NO_REPLACE_OBJECTS: "1", GIT_GRAFT_FILE: "/dev/null" },
  });
  const scratch = await mkdtemp(`${options.file}.`);
  try {
    const hostShallow = await readShallow(repo);
    const haveShallow = options.haveShallow ?? [];
    const seen = await withShallow(plain, join(scratch, "seen"), hostShallow, haveShallow);
    const selection = await selectCommits(seen, hostShallow, options);
    const objectFormat = options.tip.length === 64 ? "sha256" : "sha1";
    if (selection.empty) {
      await rm(options.file, { force: true });
      return { size: 0, shallow: [], objectFormat };
    }
    const extra = [...haveShallow, ...selection.cut];
    const sent = await withShallow(plain, join(scratch, "sent"), hostShallow, extra);
    const size = await write(sent, options, selection, objectFormat);
    return { size, shallow: selection.shallow, objectFormat };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function write(
  git: Git,
  options: InputBundleOptions,
  selection: Selection,
  objectFormat: ObjectFormat,
): Promise<number> {
  const { tip, file } = options;
  const header = bundleHeader({
    objectFormat,
    prerequisites: selection.prerequisites,
    refs: [
      { sha: tip, name: `refs/heads/${options.branch}` },
      { sha: tip, name: "HEAD" },
    ],
  });
  await rm(file, { force: true });
  const handle = await open(file, "wx", 0o600);
  const target = handle.createWriteStream();
  // The runner reports it; without a listener it would also be thrown at nobody.
  target.on("error", () => undefined);
  target.write(header);
  const args = ["pack-objects", "--revs", "--stdout", "--thin", "--delta-base-offset", "-q"];
  const stdin = [tip, ...selection.have.map((sha) => `^${sha}`), ""].join("\n");
  try {
    const result = await git.run(args, { stdin, stdout: target, signal: options.signal });
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return target.bytesWritten;
  } catch (error) {
    await closed(target);
    await rm(file, { force: true });
    throw unwritten(file, error);
  }
}

async function closed(target: Writable): Promise<void> {
  if (target.closed) return;
  await new Promise((resolve) => {
    target.once("close", resolve);
    target.destroy();
  });
}

function unwritten(file: string, error: unknown): unknown {
  if (!(error instanceof RunError) || error.code !== "COMMAND_STREAM_FAILED") return error;
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return new GitError("GIT_FAILED", `cannot write ${file}: ${reason}`, { cause: error });
}

/** Commits whose parents the host itself does not have. */
async function readShallow(repo: Repo): Promise<string[]> {
  try {
    const text = await readFile(join(repo.commonDir, "shallow"), "utf8");
    return text.split("\n").filter((line) => line !== "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** git that takes `extra` for shallow beside the host's own; unchanged when there is none. */
async function withShallow(
  git: Git,
  file: string,
  host: readonly string[],
  extra: readonly string[],
): Promise<Git> {
  if (extra.length === 0) return git;
  await writeFile(file, [...new Set([...host, ...extra]), ""].join("\n"));
  return git.with({ env: { GIT_SHALLOW_FILE: file } });
}
