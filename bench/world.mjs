/** A private place to measure in: own settings, own tmux server, a sample repository. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runOrThrow } from "./measure.mjs";

/** The command as people start it, without npx. */
export const CCO = fileURLToPath(new URL("../packages/cli/bin/cco.cjs", import.meta.url));

/** Commits of the sample repository, each of some files: small, but with a history. */
const COMMITS = 30;

/**
 * Remove a folder that a process which is just ending may still write to.
 *
 * @param {string} path
 */
export function removeFolder(path) {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

export class World {
  /** Short: unix sockets lie below it. */
  dir = mkdtempSync("/tmp/cco-b");
  repo = join(this.dir, "sample");
  /** @type {NodeJS.ProcessEnv} */
  env = {
    PATH: process.env.PATH,
    HOME: this.#folder("home"),
    XDG_DATA_HOME: this.#folder("data"),
    XDG_CONFIG_HOME: this.#folder("config"),
    XDG_STATE_HOME: this.#folder("state"),
    XDG_CACHE_HOME: this.#folder("cache"),
    TMUX_TMPDIR: this.#folder("tmux"),
    GIT_CONFIG_GLOBAL: join(this.dir, "gitconfig"),
    GIT_CONFIG_NOSYSTEM: "1",
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    SHELL: "/bin/sh",
  };

  constructor() {
    writeFileSync(
      join(this.dir, "gitconfig"),
      "[user]\n\tname = Bench\n\temail = bench@example.invalid\n[init]\n\tdefaultBranch = main\n",
    );
    mkdirSync(join(this.repo, "src"), { recursive: true });
    this.git("init", "--quiet");
    for (let commit = 1; commit <= COMMITS; commit += 1) {
      for (const part of ["a", "b", "c"]) {
        const text = `${part} ${commit}\n`.repeat(100);
        writeFileSync(join(this.repo, "src", `${part}${commit % 10}.txt`), text);
      }
      this.git("add", ".");
      this.git("commit", "--quiet", "-m", `commit ${commit}`);
    }
  }

  /**
   * A workspace of its own for `branch`: its window stays open.
   *
   * @param {string} branch
   * @returns {string} its worktree
   */
  workspace(branch) {
    this.cco(["add", branch, "--no-agent"]);
    const lines = this.git("worktree", "list", "--porcelain").split("\n");
    const worktree = lines.findLast((line) => line.startsWith("worktree "));
    return worktree?.slice("worktree ".length) ?? this.repo;
  }

  /**
   * A runbook plan of one block.
   *
   * @param {string} name
   * @param {string} script
   * @returns {string} its path
   */
  plan(name, script) {
    const path = join(this.dir, name);
    writeFileSync(path, `# ${name}\n\n\`\`\`sh\n${script}\n\`\`\`\n`);
    return path;
  }

  /**
   * @param {readonly string[]} args
   * @param {string} [cwd]
   */
  cco(args, cwd = this.repo) {
    return runOrThrow([process.execPath, CCO, ...args], { cwd, env: this.env });
  }

  /** @param {readonly string[]} args */
  git(...args) {
    return runOrThrow(["git", ...args], { cwd: this.repo, env: this.env });
  }

  /**
   * Push `plan` with the runbook agent.
   *
   * @param {string} plan
   * @param {readonly string[]} [more]
   * @param {string} [cwd]
   * @returns {string} the session's id
   */
  push(plan, more = [], cwd = this.repo) {
    return this.cco(["box", "push", plan, "--agent", "runbook", "-q", ...more], cwd).trim();
  }

  /** Sessions, terminal server and folder: all of it goes. */
  remove() {
    const run = (/** @type {readonly string[]} */ [file = "", ...args]) =>
      spawnSync(file, args, { cwd: this.repo, env: this.env, encoding: "utf8" });
    const ids = run([process.execPath, CCO, "box", "ls", "-q"]).stdout.split(/\s+/).filter(Boolean);
    for (const id of ids) run([process.execPath, CCO, "box", "rm", "--force", id]);
    run(["tmux", "-L", "cco", "kill-server"]);
    removeFolder(this.dir);
  }

  /** @param {string} name */
  #folder(name) {
    const path = join(this.dir, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }
}
