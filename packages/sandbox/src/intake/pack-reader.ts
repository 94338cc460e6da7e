import type { FileHandle } from "node:fs/promises";
import { createInflate, inflateSync, type Inflate } from "node:zlib";

const CHUNK = 1024 * 1024;
/** Above this an object is inflated as a stream, and thrown away as it comes. */
const WHOLE = 1024 * 1024;
/** Of the pack, held for an object that is inflated whole; one that takes more is a stream too. */
const MOST_HELD = 2 * WHOLE;
/** Bytes of an object that its caller looks at. */
const FIRST = 32;

/** The stream of a zlib object is broken, or not as long as its header says. */
export class BrokenObject extends Error {}

/** Reads a pack from its file, in order, holding little of it. */
export class PackReader {
  #window = Buffer.alloc(0);
  #at = 0;
  #filePosition: number;
  readonly #file: FileHandle;
  readonly #end: number;

  constructor(file: FileHandle, start: number, end: number) {
    this.#file = file;
    this.#filePosition = start;
    this.#end = end;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#end - this.#filePosition + this.#window.length - this.#at;
  }

  /** The next `count` bytes. */
  async take(count: number): Promise<Buffer> {
    while (this.#window.length - this.#at < count) {
      if (!(await this.#more())) throw new BrokenObject("the pack is cut short");
    }
    this.#at += count;
    return this.#window.subarray(this.#at - count, this.#at);
  }

  async byte(): Promise<number> {
    return (await this.take(1)).readUInt8();
  }

  /**
   * Go past one deflated object of `size` bytes.
   *
   * @returns its first bytes (all, or at least 32, whichever is less).
   */
  async skipObject(size: number): Promise<Buffer> {
    return size <= WHOLE ? this.#inflateWhole(size) : this.#inflateStream(size);
  }

  async #inflateWhole(size: number): Promise<Buffer> {
    for (;;) {
      const result = inflate(this.#window.subarray(this.#at), size);
      if (result !== null) {
        if (result.output.length !== size) throw new BrokenObject("an object has the wrong size");
        this.#at += result.consumed;
        return result.output;
      }
      if (this.#window.length - this.#at > MOST_HELD) return this.#inflateStream(size);
      if (!(await this.#more())) throw new BrokenObject("the pack is cut short");
    }
  }

  async #inflateStream(size: number): Promise<Buffer> {
    const stream = createInflate({ chunkSize: 256 * 1024 });
    const seen = { first: Buffer.alloc(0), length: 0 };
    stream.on("data", (chunk: Buffer) => {
      if (seen.first.length < FIRST) {
        seen.first = Buffer.concat([seen.first, chunk.subarray(0, FIRST - seen.first.length)]);
      }
      seen.length += chunk.length;
      if (seen.length > size) stream.destroy(new BrokenObject("an object has the wrong size"));
    });
    try {
      await this.#feed(stream);
    } catch (error) {
      if (error instanceof BrokenObject) throw error;
      throw new BrokenObject("an object is not deflated right", { cause: error });
    } finally {
      stream.destroy();
    }
    if (seen.length !== size) throw new BrokenObject("an object has the wrong size");
    return seen.first;
  }

  /** Give the stream what follows until it has read its object, and go past that. */
  async #feed(stream: Inflate): Promise<void> {
    const state = { done: false };
    const ended = new Promise<void>((resolve, reject) => {
      stream.once("end", () => {
        state.done = true;
        resolve();
      });
      stream.once("error", reject);
    });
    ended.catch(() => undefined);
    let givenBefore = 0;
    for (;;) {
      const start = this.#at;
      const input = this.#window.subarray(start);
      // With input left over after the object's end, `end` comes and the write never calls back.
      const written = new Promise<void>((resolve) =>
        stream.write(input, () => {
          resolve();
        }),
      );
      await Promise.race([written, ended]);
      if (state.done) {
        this.#at = start + stream.bytesWritten - givenBefore;
        return;
      }
      givenBefore += input.length;
      this.#at = this.#window.length;
      if (!(await this.#more())) throw new BrokenObject("the pack is cut short");
    }
  }

  async #more(): Promise<boolean> {
    const want = Math.min(CHUNK, this.#end - this.#filePosition);
    if (want === 0) return false;
    const kept = this.#window.subarray(this.#at);
    const next = Buffer.allocUnsafe(kept.length + want);
    kept.copy(next);
    const { bytesRead } = await this.#file.read(next, kept.length, want, this.#filePosition);
    if (bytesRead === 0) return false;
    this.#filePosition += bytesRead;
    this.#window = next.subarray(0, kept.length + bytesRead);
    this.#at = 0;
    return true;
  }
}

/** @returns `null` when the input ends before the object does. */
function inflate(input: Buffer, size: number): { output: Buffer; consumed: number } | null {
  try {
    const chunkSize = Math.max(64, size);
    const options = { info: true, maxOutputLength: Math.max(1, size), chunkSize };
    // With `info` it returns the engine too, which the types do not know.
    const result = inflateSync(input, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { output: result.buffer, consumed: result.engine.bytesWritten };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "Z_BUF_ERROR") return null;
    throw new BrokenObject("an object is not deflated right", { cause: error });
  }
}
