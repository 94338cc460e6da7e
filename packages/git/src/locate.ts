import { basename, dirname, resolve } from "node:path";

import { GitError } from "./errors.js";
import { gitFailed, type Git } from "./git.js";
import { tooOld } from "./version.js";

export interface Location {
  readonly root: string;
  readonly main: string;
  readonly gitDir: string;
  readonly commonDir: string;
}

// `--show-toplevel` comes last: it is what fails without a worktree, after the rest is printed.
const QUESTIONS = ["--is-bare-repository", "--git-dir", "--git-common-dir", "--show-toplevel"];

/** Where the repository around `git.dir` lies, by one call of git. */
export async function locate(git: Git): Promise<Location> {
  const args = ["rev-parse", "--path-format=absolute", ...QUESTIONS];
  const result = await git.run(args);
  const lines = result.stdout.toString("utf8").replace(/\n$/, "").split("\n");
  // git before 2.31 repeats an option that it does not know.
  if (lines[0]?.startsWith("--path-format")) throw tooOld("before 2.31");
  if (result.exitCode !== 0)
    throw notLocated(git.dir, lines, result.stderr) ?? gitFailed(args, result);

  const [, gitDir, commonDir, root] =
    lines.length === QUESTIONS.length ? lines : await askOneByOne(git);
  if (gitDir === undefined || commonDir === undefined || root === undefined) {
    throw new GitError("GIT_FAILED", "git rev-parse answered less than it was asked");
  }
  const main = gitDir === commonDir ? root : await mainWorktree(git, commonDir);
  return { root, main, gitDir, commonDir };
}

function notLocated(dir: string, lines: readonly string[], stderr: string): GitError | undefined {
  if (lines[0] === "true") {
    return new GitError("BARE_REPOSITORY", `bare repository, it has no worktree: ${dir}`, {
      hint: "run this in a worktree: git worktree add <path> <branch>",
    });
  }
  if (lines[0] === "false") {
    return new GitError("NOT_A_REPOSITORY", `inside a git folder, not in a worktree: ${dir}`, {
      hint: "run this in the repository's worktree",
    });
  }
  if (stderr.includes("not a git repository")) {
    return new GitError("NOT_A_REPOSITORY", `not a git repository: ${dir}`, {
      hint: "run this in a repository, or name one with --repo",
    });
  }
  return undefined;
}

/**
 * The same for a repository that needs no worktree at `git.dir`: a bare one, or a git folder that
 * was made elsewhere. Its root is then the git folder.
 */
export async function locateAny(git: Git): Promise<Location> {
  try {
    return await locate(git);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== "BARE_REPOSITORY" && code !== "NOT_A_REPOSITORY") throw error;
    const ask = (question: string): Promise<string> =>
      git.text(["rev-parse", "--path-format=absolute", question]);
    let gitDir: string;
    try {
      gitDir = await ask("--git-dir");
    } catch {
      throw error;
    }
    const commonDir = await ask("--git-common-dir");
    return { root: gitDir, main: await mainWorktree(git, commonDir), gitDir, commonDir };
  }
}

/** For paths that hold a line break. */
async function askOneByOne(git: Git): Promise<string[]> {
  const answers: string[] = [];
  for (const question of QUESTIONS) {
    answers.push(await git.text(["rev-parse", "--path-format=absolute", question]));
  }
  return answers;
}

/** The main worktree, seen from a linked one. */
async function mainWorktree(git: Git, commonDir: string): Promise<string> {
  if (basename(commonDir) === ".git") return dirname(commonDir);
  // A separate git folder or a submodule's says where its worktree is.
  const config = ["config", "--file", `${commonDir}/config`, "--get", "core.worktree"];
  const result = await git.run(config);
  const worktree = result.stdout.toString("utf8").replace(/\n$/, "");
  if (result.exitCode === 0 && worktree !== "") return resolve(commonDir, worktree);
  return basename(commonDir) === ".bare" ? dirname(commonDir) : commonDir;
}
