import { createHash } from "node:crypto";
import { readFile, realpath, stat, writeFile } from "node:fs/promises";
import { isAbsolute, join, normalize } from "node:path";
import { Writable } from "node:stream";

import { makeFolder, type CommandRunner } from "@cco/exec";

import { WorkspaceError } from "./errors.js";
import { ifThere } from "./files.js";
import { isWithin } from "./paths.js";
import { withoutGit } from "./server.js";
import type { SetupScript } from "./types.js";

/** The first of these that is executable is a branch's set-up script. */
const SETUP_SCRIPTS = ["scripts/init", "scripts/init.sh", "scripts/setup", "scripts/setup.sh"];
const MAX_LINE = 64 * 1024;

/**
 * The set-up script of a worktree, if it has one. It may be a link, but only to a file
 * of the worktree.
 *
 * @param configured instead of {@link SETUP_SCRIPTS}; `null`: none.
 */
export async function findSetup(
  worktree: string,
  branch: string,
  configured: string | null | undefined,
): Promise<SetupScript | null> {
  if (configured === null) return null;
  for (const path of configured === undefined ? SETUP_SCRIPTS : [normalize(configured)]) {
    const file = isAbsolute(path) ? null : await ifThere(realpath(join(worktree, path)));
    if (file === null || !isWithin(worktree, file)) continue;
    const { mode, ...about } = await stat(file).then((s) => ({ mode: s.mode, isFile: s.isFile() }));
    if (!about.isFile || (mode & 0o111) === 0) continue;
    const content = await readFile(file);
    const hash = createHash("sha256").update(content).digest("hex");
    return { path, worktree, branch, content: content.toString("utf8"), hash };
  }
  return null;
}

/** Which set-up scripts a person has confirmed, by repository, path and content. */
export class TrustedScripts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async has(repo: string, script: SetupScript): Promise<boolean> {
    return (await ifThere(stat(this.#file(repo, script)))) !== null;
  }

  async add(repo: string, script: SetupScript): Promise<void> {
    await makeFolder(this.#folder, 0o700);
    await writeFile(this.#file(repo, script), "");
  }

  #file(repo: string, { path, hash }: SetupScript): string {
    const key = createHash("sha256").update([repo, path, hash].join("\0")).digest("hex");
    return join(this.#folder, key);
  }
}

/** Passes on whole lines, and parts only of those longer than {@link MAX_LINE}: who shows them looks for words. */
function wholeLines(onOutput: (chunk: Uint8Array) => void): Writable {
  let held = Buffer.alloc(0);
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const all = Buffer.concat([held, chunk]);
      const end = all.lastIndexOf(0x0a) + 1;
      const cut = end === 0 && all.length > MAX_LINE ? all.length : end;
      if (cut > 0) onOutput(all.subarray(0, cut));
      held = all.subarray(cut);
      done();
    },
    final(done) {
      if (held.length > 0) onOutput(held);
      done();
    },
  });
}

/**
 * Run a set-up script in its worktree, without a terminal.
 *
 * @throws {WorkspaceError} `SETUP_FAILED`
 */
export async function runSetup(
  runner: CommandRunner,
  script: SetupScript,
  options: { signal?: AbortSignal | undefined; onOutput: (chunk: Uint8Array) => void },
): Promise<void> {
  const file = join(script.worktree, script.path);
  // Without a first line that names an interpreter the system does not start a script.
  const argv = /^#!|^\x7fELF/.test(script.content) ? [file] : ["sh", file];
  const sink = (): Writable => wholeLines(options.onOutput);
  const result = await runner.run(argv, {
    cwd: script.worktree,
    env: { ...withoutGit(), CCO_BRANCH: script.branch, CCO_WORKTREE: script.worktree },
    stdout: sink(),
    stderr: sink(),
    signal: options.signal,
  });
  if (result.exitCode === 0) return;
  throw new WorkspaceError(
    "SETUP_FAILED",
    `set-up script ${script.path} failed with exit code ${String(result.exitCode)}`,
    { hint: `mend it, then run 'cco add ${script.branch}' again` },
  );
}
