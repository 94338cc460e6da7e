import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** One installed version of the real Claude Code. */
export interface ClaudeCode {
  readonly version: string;
  /** Folder with `claude` in it, to be put on PATH. */
  readonly bin: string;
}

/** The versions that are tested, the pinned one first: `scripts/setup.sh` installs them. */
const VERSIONS = readFileSync(`${root}/test/model/claude-versions`, "utf8").trim().split("\n");

function find(version: string): ClaudeCode {
  return { version, bin: `${root}/.cache/claude-${version}/node_modules/.bin` };
}

/** The version that every scene is played with. */
export const PINNED = find(VERSIONS[0] ?? "");

/** Newer ones, for the scenes that tell most. */
export const NEWER: readonly ClaudeCode[] = VERSIONS.slice(1).map(find);

/** Why tests with it are skipped, or `false`. */
export function isMissing({ bin }: ClaudeCode): boolean {
  return !existsSync(`${bin}/claude`);
}
