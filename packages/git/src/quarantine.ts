import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

import type { RunResult } from "@cco/exec";

import { removeStale } from "./quarantine-stale.js";
import { gitFailed, type Git } from "./git.js";
import type { Repo } from "./repo.js";

export interface QuarantineOptions {
  /** Whose it is; part of the folder's name and of the `.keep` file. Letters and digits. */
  readonly label: string;
  /** Of the host's repository. */
  readonly objectFormat: "sha1" | "sha256";
}

export interface IndexPackOptions {
  /** Bytes after which git refuses the pack. */
  readonly maxInputSize: number;
  readonly signal?: AbortSignal | undefined;
}

/** An object of a pack and where it begins in it. */
export interface PackedObject {
  readonly sha: string;
  readonly offset: number;
}

/** Blobs above this are checked and hashed as they stream by, not held in memory. */
const BIG_FILE = "16m";

/**
 * A bare repository of its own, inside the host's object folder, that reads the host's
 * objects and nothing else of the host: no ref, no configuration (not the user's, not the
 * system's), no hook, no replacement, no graft. What is unpacked here is invisible to the
 * host's repository until {@link release}.
 *
 * The folder's name begins with `tmp_`, so `git prune` removes one that a crash left.
 */
export class Quarantine {
  /** git in the quarantine: sees what was received and all objects of the host. */
  readonly git: Git;
  readonly #dir: string;
  readonly #objects: string;
  readonly #label: string;

  private constructor(git: Git, dir: string, objects: string, label: string) {
    this.git = git;
    this.#dir = dir;
    this.#objects = objects;
    this.#label = label;
  }

  /** Make one. Those that dead processes left under the same label are removed. */
  static async open(repo: Repo, options: QuarantineOptions): Promise<Quarantine> {
    if (!/^[0-9A-Za-z]+$/.test(options.label)) throw new TypeError("label: letters and digits");
    const objects = join(repo.commonDir, "objects");
    await removeStale(objects, options.label);
    const prefix = `tmp_objdir-cco-${options.label}-${String(process.pid)}-`;
    const dir = await mkdtemp(join(objects, prefix));
    try {
      await furnish(dir, objects, repo.commonDir, options.objectFormat);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
    return new Quarantine(isolated(repo.git, dir), dir, objects, options.label);
  }

  /**
   * Unpack and check a pack: every object's format, its links, no `.git` in a tree.
   * Bases that a thin pack leaves out are copied from the host, behind what was sent.
   * The exit code is data: a refusal is about what was sent.
   */
  indexPack(pack: Readable, options: IndexPackOptions): Promise<RunResult> {
    const limit = `--max-input-size=${String(options.maxInputSize)}`;
    return this.git.run(["index-pack", "--strict", "--fix-thin", "--stdin", limit], {
      stdin: pack,
      signal: options.signal,
    });
  }

  /** Objects of the received pack in the order they lie in it; empty when there is none. */
  async packed(signal?: AbortSignal): Promise<PackedObject[]> {
    const name = await this.#packName();
    if (name === null) return [];
    const index = await readFile(join(this.#dir, "objects/pack", `${name}.idx`));
    const args = ["show-index"];
    const result = await this.git.run(args, { stdin: index, signal, maxBuffer: 1 << 30 });
    if (result.exitCode !== 0) throw gitFailed(args, result);
    return parseIndex(result.stdout.toString("latin1")).sort((a, b) => a.offset - b.offset);
  }

  /** Bytes of the pack as it was written here, bases included; 0 when there is none. */
  async packSize(): Promise<number> {
    const name = await this.#packName();
    return name === null ? 0 : (await stat(join(this.#dir, "objects/pack", `${name}.pack`))).size;
  }

  /**
   * Move the pack into the host's store, where it cannot be pruned until `drop` is called:
   * call it once a ref holds the objects, or not at all.
   *
   * @returns `drop`, or `null` when nothing had to be moved.
   */
  async release(): Promise<(() => Promise<void>) | null> {
    const name = await this.#packName();
    const [from, to] = [join(this.#dir, "objects/pack"), join(this.#objects, "pack")];
    await mkdir(to, { recursive: true });
    if (name === null || (await isThere(join(to, `${name}.idx`)))) return null;

    const keep = join(to, `${name}.keep`);
    await writeFile(keep, `cco ${this.#label} ${String(process.pid)}\n`, { mode: 0o444 });
    try {
      // The index last: with it the pack becomes visible.
      for (const end of ["pack", "rev", "idx"]) {
        const file = `${name}.${end}`;
        if (await isThere(join(from, file))) await rename(join(from, file), join(to, file));
      }
    } catch (error) {
      await rm(keep, { force: true });
      throw error;
    }
    return () => rm(keep, { force: true });
  }

  /** Remove the folder. Safe to repeat; what was released stays. */
  async discard(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async #packName(): Promise<string | null> {
    const files = await readdir(join(this.#dir, "objects/pack"));
    return files.find((file) => file.endsWith(".idx"))?.slice(0, -".idx".length) ?? null;
  }
}

async function furnish(
  dir: string,
  objects: string,
  commonDir: string,
  format: "sha1" | "sha256",
): Promise<void> {
  await mkdir(join(dir, "objects/pack"), { recursive: true });
  await mkdir(join(dir, "objects/info"));
  await mkdir(join(dir, "refs"));
  const extension = format === "sha1" ? "" : `[extensions]\n\tobjectFormat = ${format}\n`;
  const version = format === "sha1" ? "0" : "1";
  await writeFile(join(dir, "HEAD"), "ref: refs/heads/none\n");
  await writeFile(
    join(dir, "config"),
    `[core]\n\trepositoryFormatVersion = ${version}\n\tbare = true\n${extension}`,
  );
  await writeFile(join(dir, "objects/info/alternates"), `${quotePath(objects)}\n`);
  const shallow = await readFile(join(commonDir, "shallow")).catch(() => null);
  if (shallow !== null) await writeFile(join(dir, "shallow"), shallow);
}

function isolated(git: Git, dir: string): Git {
  return git.with({
    dir,
    env: {
      GIT_DIR: dir,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_CONFIG_PARAMETERS: undefined,
      GIT_CONFIG_COUNT: undefined,
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_NO_LAZY_FETCH: "1",
    },
    config: { "core.bigFileThreshold": BIG_FILE, "core.deltaBaseCacheLimit": "32m" },
  });
}

/** As git reads `info/alternates`: a line that begins with a quote is a C string. */
function quotePath(path: string): string {
  if (!/["\\\n]/.test(path)) return path;
  const quoted = path.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
  return `"${quoted}"`;
}

/** Lines `<offset> <id> (<crc>)`. */
function parseIndex(text: string): PackedObject[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [offset = "", sha = ""] = line.split(" ");
      return { sha, offset: Number(offset) };
    });
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
