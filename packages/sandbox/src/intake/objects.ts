import { Writable } from "node:stream";

import { gitFailed, type Git } from "@cco/git";

import { readAll, runInto } from "./records.js";
import { refuse } from "./refuse.js";

export interface ObjectInfo {
  readonly type: string;
  readonly size: number;
}

/** Type and size of each object, by one process. One that is not there is not in the answer. */
export async function objectInfos(
  git: Git,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, ObjectInfo>> {
  const infos = new Map<string, ObjectInfo>();
  if (ids.length === 0) return infos;
  const options = { stdin: `${ids.join("\n")}\n`, separator: "\n", signal } as const;
  await readAll(git, ["cat-file", "--batch-check", "--buffer"], options, (record) => {
    const [sha = "", type = "", size = ""] = record.toString("latin1").split(" ");
    if (type !== "missing") infos.set(sha, { type, size: Number(size) });
  });
  return infos;
}

/** Told of each object's content, chunk by chunk. */
export interface ContentReader {
  begin(sha: string, type: string, size: number): void;
  data(chunk: Buffer): void;
  end(): void;
}

/** Feed the contents of objects to `reader`, by one process, holding none of them. */
export async function readContents(
  git: Git,
  ids: readonly string[],
  reader: ContentReader,
  signal?: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return;
  const args = ["cat-file", "--batch", "--buffer"];
  const stdin = `${ids.join("\n")}\n`;
  const result = await runInto(git, args, { stdin, signal }, new BatchSink(reader));
  if (result !== "enough" && result.exitCode !== 0) throw gitFailed(args, result);
}

/** Contents of small objects, by id. @param maxBytes of all of them together */
export async function readSmall(
  git: Git,
  ids: readonly string[],
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  let total = 0;
  let current: { sha: string; chunks: Buffer[] } = { sha: "", chunks: [] };
  const reader: ContentReader = {
    begin(sha, _type, size) {
      total += size;
      if (total > maxBytes) throw refuse("too-big", "commits and links are too large");
      current = { sha, chunks: [] };
    },
    data(chunk) {
      current.chunks.push(Buffer.from(chunk));
    },
    end() {
      contents.set(current.sha, Buffer.concat(current.chunks));
    },
  };
  await readContents(git, [...new Set(ids)], reader, signal);
  return contents;
}

/** Parses `<id> <type> <size>LF<content>LF` (git-cat-file(1), BATCH OUTPUT) as it streams by. */
class BatchSink extends Writable {
  #header = "";
  /** Bytes of content still to come, and the line feed; -1 while in a header. */
  #left = -1;
  readonly #reader: ContentReader;

  constructor(reader: ContentReader) {
    super();
    this.#reader = reader;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    try {
      for (let at = 0; at < chunk.length;)
        at = this.#left < 0 ? this.#head(chunk, at) : this.#body(chunk, at);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #head(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(10, at);
    this.#header += chunk.toString("latin1", at, end < 0 ? chunk.length : end);
    if (end < 0) return chunk.length;
    const [sha = "", type = "", size] = this.#header.split(" ");
    this.#header = "";
    // `<id> missing`
    if (size === undefined) return end + 1;
    this.#left = Number(size);
    this.#reader.begin(sha, type, this.#left);
    this.#left += 1;
    return end + 1;
  }

  #body(chunk: Buffer, at: number): number {
    const take = Math.min(this.#left, chunk.length - at);
    const content = Math.min(take, this.#left - 1);
    if (content > 0) this.#reader.data(chunk.subarray(at, at + content));
    this.#left -= take;
    if (this.#left === 0) {
      this.#reader.end();
      this.#left = -1;
    }
    return at + take;
  }
}
