import type { FileHandle } from "node:fs/promises";

import { refuse } from "./refuse.js";
import { isRefName } from "./ref-name.js";

export interface BundleRef {
  readonly name: string;
  readonly sha: string;
}

/** What stands before the pack (gitformat-bundle(5)). */
export interface BundleHeader {
  readonly objectFormat: "sha1" | "sha256";
  readonly prerequisites: readonly string[];
  /** HEAD, where the bundle names it. */
  readonly head: string | null;
  /** `refs/heads/*`; the name is the full one. */
  readonly heads: readonly BundleRef[];
  /** Names below `refs/tags/`. */
  readonly droppedTags: readonly string[];
  /** Where the pack begins in the file. */
  readonly packOffset: number;
}

const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_LINES = 10_000;

/**
 * Read and check the header of a bundle. Stricter than git: capabilities, then
 * prerequisites, then refs; no ref twice; nothing but HEAD, branches and tags.
 *
 * @throws {IntakeError} `malformed`, `illegal-name` (of a ref).
 */
export async function readHeader(file: FileHandle): Promise<BundleHeader> {
  const buffer = Buffer.alloc(MAX_HEADER_BYTES);
  let filled = 0;
  for (;;) {
    const end = buffer.subarray(0, filled).indexOf("\n\n");
    if (end >= 0) return parseHeader(buffer.subarray(0, end), end + 2);
    const want = Math.min(filled === 0 ? 4096 : filled, MAX_HEADER_BYTES - filled);
    if (want === 0) throw refuse("malformed", "the bundle's header does not end");
    const { bytesRead } = await file.read(buffer, filled, want, filled);
    if (bytesRead === 0) throw refuse("malformed", "the bundle is cut short in its header");
    filled += bytesRead;
  }
}

interface Draft {
  objectFormat: "sha1" | "sha256";
  readonly prerequisites: string[];
  readonly refs: Map<string, string>;
  readonly droppedTags: string[];
}

/** The header's lines, without the empty one that ends it. */
export function parseHeader(header: Buffer, packOffset: number): BundleHeader {
  const [signature, ...lines] = header.toString("utf8").split("\n");
  const version = /^# v([23]) git bundle$/.exec(signature ?? "")?.[1];
  if (version === undefined) throw refuse("malformed", "not a git bundle (version 2 or 3)");
  if (lines.length > MAX_LINES) throw refuse("malformed", "the bundle's header has too many lines");

  const draft: Draft = {
    objectFormat: "sha1",
    prerequisites: [],
    refs: new Map(),
    droppedTags: [],
  };
  let stage = 0;
  for (const line of lines) {
    const kind = version === "3" && line.startsWith("@") ? 0 : line.startsWith("-") ? 1 : 2;
    if (kind < stage)
      throw refuse("malformed", "the lines of the bundle's header are out of order");
    stage = kind;
    READERS[kind](line, draft);
  }
  return finish(draft, packOffset);
}

type LineReader = (line: string, draft: Draft) => void;

const READERS: readonly [LineReader, LineReader, LineReader] = [
  readCapability,
  readPrerequisite,
  readRef,
];

function readCapability(line: string, draft: Draft): void {
  const format = /^@object-format=(sha1|sha256)$/.exec(line)?.[1];
  if (format === undefined) throw refuse("malformed", `unknown bundle capability: ${line}`);
  draft.objectFormat = format === "sha256" ? "sha256" : "sha1";
}

/** The text behind the id is a commit's subject, for people; nothing is done with it. */
function readPrerequisite(line: string, draft: Draft): void {
  draft.prerequisites.push(idOf(line.slice(1), draft));
}

function readRef(line: string, draft: Draft): void {
  const sha = idOf(line, draft);
  const name = line.slice(sha.length + 1);
  if (!isRefName(name)) throw refuse("illegal-name", "not a ref name", { path: name });
  if (draft.refs.has(name)) throw refuse("malformed", `the bundle names ${name} twice`);
  draft.refs.set(name, sha);
  if (name.startsWith("refs/tags/")) draft.droppedTags.push(name.slice("refs/tags/".length));
  else if (name !== "HEAD" && !name.startsWith("refs/heads/")) {
    throw refuse("malformed", `the bundle holds a ref that was not asked for: ${name}`);
  }
}

function idOf(text: string, draft: Draft): string {
  const length = draft.objectFormat === "sha1" ? 40 : 64;
  const id = text.slice(0, length);
  const after = text.charAt(length);
  if (!/^[0-9a-f]+$/.test(id) || id.length !== length || (after !== " " && after !== "")) {
    throw refuse("malformed", "a line of the bundle's header is not understood");
  }
  return id;
}

function finish(draft: Draft, packOffset: number): BundleHeader {
  const refs = [...draft.refs].map(([name, sha]) => ({ name, sha }));
  const head = draft.refs.get("HEAD") ?? null;
  const heads = refs.filter(({ name }) => name.startsWith("refs/heads/"));
  if (head === null && heads.length === 0) throw refuse("malformed", "the bundle names no branch");
  const { objectFormat, prerequisites, droppedTags } = draft;
  return { objectFormat, prerequisites, head, heads, droppedTags, packOffset };
}
