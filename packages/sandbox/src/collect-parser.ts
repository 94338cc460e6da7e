import { createHash, type Hash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";

/** Names that a guest may send, each once. */
const FILES = ["result.bundle", "salvage.bundle"] as const;
const FACTS = ["head", "ref", "git", "commits", "salvage", "nested"] as const;
const MAX_LINE = 8_192;
const MAX_NESTED = 100;

export type CollectedName = (typeof FILES)[number];
export type CollectFact = (typeof FACTS)[number];

export interface CollectedFile {
  readonly size: number;
  readonly sha256: string;
}

/** Why a stream is not taken. All of it is the guest's doing, or the transport's. */
export class CollectStreamError extends Error {
  override readonly name = "CollectStreamError";
  readonly kind: "malformed" | "too-big";

  constructor(kind: "malformed" | "too-big", message: string) {
    super(message);
    this.kind = kind;
  }
}

interface OpenFile {
  readonly name: CollectedName;
  readonly handle: FileHandle;
  readonly hash: Hash;
  /** Bytes to come; `null`: to the end of the stream. */
  left: number | null;
  size: number;
}

/**
 * Reads what `collect.sh stream` prints, strictly: a header line, then facts and files
 * of a known length in any order, then `end`. Files are written once into `folder`,
 * which only the host can see, and hashed on the way.
 */
export class CollectParser extends Writable {
  readonly files = new Map<CollectedName, CollectedFile>();
  readonly facts = new Map<CollectFact, string>();
  /** Folders of repositories inside the workspace; as the guest wrote them. */
  readonly nested: string[] = [];
  /** A salvage over the cap is left where it is, and so is what follows it. */
  salvageTooBig = false;
  /** The stream said that it was whole, or all of it that is wanted has come. */
  complete = false;

  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #enough: () => void;
  #line = Buffer.alloc(0);
  #started = false;
  #file: OpenFile | null = null;

  /**
   * @param folder host-only, exists.
   * @param maxBytes most bytes of one file.
   * @param enough called when nothing of what follows is wanted.
   */
  constructor(folder: string, maxBytes: number, enough: () => void) {
    super({ decodeStrings: true });
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#enough = enough;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#consume(chunk).then(() => {
      done();
    }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#finish().then(() => {
      done();
    }, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const file = this.#file;
    this.#file = null;
    if (file === null) done(error);
    else
      file.handle.close().then(
        () => {
          done(error);
        },
        () => {
          done(error);
        },
      );
  }

  async #consume(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0 && !this.salvageTooBig) {
      if (this.#file !== null) rest = await this.#fill(this.#file, rest);
      else rest = await this.#takeLine(rest);
    }
  }

  async #fill(file: OpenFile, bytes: Buffer): Promise<Buffer> {
    const part = file.left === null ? bytes : bytes.subarray(0, file.left);
    file.size += part.length;
    if (file.size > this.#maxBytes) throw tooBig(file.name, this.#maxBytes);
    await file.handle.writeFile(part);
    file.hash.update(part);
    if (file.left !== null) {
      file.left -= part.length;
      if (file.left === 0) await this.#close(file);
    }
    return bytes.subarray(part.length);
  }

  async #takeLine(bytes: Buffer): Promise<Buffer> {
    const at = bytes.indexOf(0x0a);
    const part = at < 0 ? bytes : bytes.subarray(0, at);
    if (this.#line.length + part.length > MAX_LINE) throw malformed("a line is too long");
    this.#line = Buffer.concat([this.#line, part]);
    if (at < 0) return bytes.subarray(bytes.length);
    const line = this.#line.toString("utf8");
    this.#line = Buffer.alloc(0);
    await this.#command(line);
    return bytes.subarray(at + 1);
  }

  async #command(line: string): Promise<void> {
    if (this.complete) throw malformed("something follows its end");
    if (!this.#started) {
      if (line !== "cco-collect 1") throw malformed("it does not begin as it should");
      this.#started = true;
      return;
    }
    if (line === "end") {
      this.complete = true;
      return;
    }
    const [, keyword, name = "", value] = /^(fact|file|rest) (\S+)(?: (.*))?$/.exec(line) ?? [];
    if (keyword === "fact" && value !== undefined) this.#fact(name, value);
    else if (keyword === "file" && value !== undefined) await this.#open(name, parseSize(value));
    else if (keyword === "rest" && value === undefined) await this.#open(name, null);
    else throw malformed("a line is none of those expected");
  }

  #fact(key: string, value: string): void {
    const known = FACTS.find((fact) => fact === key);
    if (known === undefined) throw malformed("an unknown fact");
    if (known === "nested") {
      if (this.nested.length < MAX_NESTED) this.nested.push(value);
      return;
    }
    this.facts.set(known, value);
  }

  async #open(name: string, size: number | null): Promise<void> {
    const known = FILES.find((file) => file === name);
    if (known === undefined || this.files.has(known)) throw malformed("an unexpected file");
    if (size !== null && size > this.#maxBytes) {
      if (known !== "salvage.bundle") throw tooBig(known, this.#maxBytes);
      this.salvageTooBig = true;
      this.complete = true;
      this.#enough();
      return;
    }
    const handle = await open(join(this.#folder, known), "wx", 0o600);
    const file = { name: known, handle, hash: createHash("sha256"), left: size, size: 0 };
    this.#file = file;
    if (size === 0) await this.#close(file);
  }

  async #close(file: OpenFile): Promise<void> {
    await file.handle.sync();
    await file.handle.close();
    this.files.set(file.name, { size: file.size, sha256: file.hash.digest("hex") });
    this.#file = null;
  }

  async #finish(): Promise<void> {
    if (this.#file?.left === null) {
      // Its own checksum, not the stream, says whether it is whole.
      await this.#close(this.#file);
      this.complete = true;
    }
  }
}

function parseSize(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text)) throw malformed("a size is no number");
  return Number(text);
}

function malformed(why: string): CollectStreamError {
  return new CollectStreamError("malformed", `what the guest sent is malformed: ${why}`);
}

function tooBig(name: string, maxBytes: number): CollectStreamError {
  return new CollectStreamError("too-big", `${name} is larger than ${maxBytes} bytes`);
}
