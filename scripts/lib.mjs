/** What the repository's own scripts share. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * A package of the workspace.
 *
 * @typedef {object} Package
 * @property {string} name its folder's name
 * @property {string} dir
 * @property {PackageManifest} manifest
 */

/**
 * @typedef {object} PackageManifest
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {Record<string, unknown>} [exports]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {readonly string[]} [files]
 */

/** @returns {Package[]} */
export function packages() {
  return readdirSync(join(root, "packages"))
    .map((name) => ({ name, dir: join(root, "packages", name) }))
    .filter(({ dir }) => existsSync(join(dir, "package.json")))
    .map((found) => ({ ...found, manifest: readJson(join(found.dir, "package.json")) }));
}

/**
 * @param {string} path
 * @returns {any}
 */
export function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * Run one program; its output is returned, or shown as it comes.
 *
 * @param {readonly string[]} argv
 * @param {{ cwd?: string, show?: boolean, env?: NodeJS.ProcessEnv }} [options]
 * @returns {{ ok: boolean, output: string }}
 */
export function run(argv, { cwd = root, show = false, env = process.env } = {}) {
  const [file = "", ...args] = argv;
  const result = spawnSync(file, args, {
    cwd,
    env,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: show ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
  });
  if (result.error !== undefined)
    return { ok: false, output: `${file}: ${result.error.message}\n` };
  return { ok: result.status === 0, output: show ? "" : result.stdout + result.stderr };
}

/**
 * The argv of a program from the root's `node_modules`, started by this very Node.
 *
 * @param {string} name
 * @param {...string} args
 */
export function tool(name, ...args) {
  return [join(root, "node_modules/.bin", name), ...args];
}

/**
 * Files that git knows or would add, relative to the root, matching one of `patterns`.
 *
 * @param {...string} patterns
 */
export function repositoryFiles(...patterns) {
  const { ok, output } = run([
    "git",
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "--",
    ...patterns,
  ]);
  if (!ok) throw new Error(output);
  return output.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
}

/**
 * End a check script: nothing wrong, or the list of what is.
 *
 * @param {readonly string[]} problems
 */
export function report(problems) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
