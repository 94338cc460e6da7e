import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { makeFolder } from "@cco/exec";
import { LocalConfig, type Repo } from "@cco/git";

import { errnoOf, ifThere, writeWhole, writing } from "./files.js";
import { candidates } from "./names.js";

const CONFIG_KEY = "cco.name";
/** In each folder of worktrees: the path of the repository it belongs to. */
const OWNER_FILE = ".cco-repo";

/**
 * The repository's name for folders and sessions, that no other repository has: its
 * folder's name, or with `-2`, … where another repository came first. It is kept in the
 * repository's git configuration, and the folder of worktrees names its repository.
 *
 * @throws {WorkspaceError} `FOLDER_NOT_WRITABLE`
 */
export async function claimRepoName(repo: Repo, worktrees: string): Promise<string> {
  const config = new LocalConfig(repo.git);
  const configured = await config.get(CONFIG_KEY);
  for (const name of namesOf(repo, configured)) {
    const folder = join(worktrees, name);
    if (!(await writing(folder, () => claim(folder, repo, name === configured)))) continue;
    if (name !== configured) await config.set(CONFIG_KEY, name);
    return name;
  }
  throw new Error("unreachable");
}

function* namesOf(repo: Repo, configured: string | null): Generator<string> {
  if (isSafe(configured)) yield configured;
  yield* candidates(repo.name === "" ? "root" : repo.name);
}

/** What stands in a repository's configuration becomes part of a path. */
function isSafe(name: string | null): name is string {
  return name !== null && !["", ".", ".."].includes(name) && !/[/\0]/.test(name);
}

/** Whether `folder` is this repository's, which it is when nobody else's. */
async function claim(folder: string, repo: Repo, configured: boolean): Promise<boolean> {
  await makeFolder(folder);
  const file = join(folder, OWNER_FILE);
  try {
    await writeFile(file, `${repo.main}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
  const owner = (await readFile(file, "utf8")).replace(/\n$/, "");
  if (owner === repo.main) return true;
  // The repository was moved: its configuration has the name, and nothing is at the old place.
  if (!configured || (await ifThere(stat(owner))) !== null) return false;
  await writeWhole(file, `${repo.main}\n`);
  return true;
}
