import { createHash, createCipheriv } from "node:crypto";
import { Readable, Writable } from "node:stream";

import { expect, it } from "vitest";

import { sh, type Harness } from "./harness.js";

const SIZE = 50 * 1024 * 1024;

/** Bytes that look random and are the same each time. */
function* noise(size: number): Generator<Buffer> {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, 1), Buffer.alloc(16, 2));
  const zeros = Buffer.alloc(256 * 1024);
  for (let left = size; left > 0; left -= zeros.length) {
    yield cipher.update(left < zeros.length ? zeros.subarray(0, left) : zeros);
  }
}

/** The id that git gives a blob of these bytes: git is what every guest has. */
function blobId(size: number): string {
  const hash = createHash("sha1").update(`blob ${size}\0`);
  for (const chunk of noise(size)) hash.update(chunk);
  return hash.digest("hex");
}

/** Takes bytes of a blob of `size` and remembers its id. */
class BlobSink extends Writable {
  readonly #hash;
  length = 0;

  constructor(size: number) {
    super();
    this.#hash = createHash("sha1").update(`blob ${size}\0`);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#hash.update(chunk);
    this.length += chunk.length;
    done();
  }

  id(): string {
    return this.#hash.digest("hex");
  }
}

export function streamCases(harness: Harness): void {
  it("50 MB arrive in the guest byte for byte", async () => {
    const guest = await harness.guest();
    const id = await sh(guest, "git hash-object --stdin", [], {
      stdin: Readable.from(noise(SIZE)),
    });
    expect(id.trim()).toBe(blobId(SIZE));
  });

  it("50 MB come out byte for byte, through a file of the guest", async () => {
    const guest = await harness.guest();
    await sh(guest, "cat >big", [], { stdin: Readable.from(noise(SIZE)) });
    const sink = new BlobSink(SIZE);
    expect((await guest.exec(["cat", "big"], { stdout: sink })).exitCode).toBe(0);
    expect([sink.length, sink.id()]).toEqual([SIZE, blobId(SIZE)]);
  });

  it("50 MB go both ways at once", async () => {
    const guest = await harness.guest();
    const sink = new BlobSink(SIZE);
    const stdin = Readable.from(noise(SIZE));
    expect((await guest.exec(["cat"], { stdin, stdout: sink })).exitCode).toBe(0);
    expect([sink.length, sink.id()]).toEqual([SIZE, blobId(SIZE)]);
  });

  it("a source that breaks off is an error, never a short file taken for whole", async () => {
    const guest = await harness.guest();
    const stdin = Readable.from(
      (async function* () {
        yield* noise(5_000_000);
        throw new Error("the disk is gone");
      })(),
    );
    const outcome = guest.exec(["sh", "-c", "cat >part && echo >whole"], { stdin });
    await expect(outcome).rejects.toMatchObject({ code: "COMMAND_STREAM_FAILED" });
  });

  it("a program that dies while it writes is no success", async () => {
    const guest = await harness.guest();
    const sink = new BlobSink(0);
    const result = await guest.exec(["sh", "-c", "head -c 3000000 /dev/zero; kill -KILL $$"], {
      stdout: sink,
    });
    expect([result.exitCode, sink.length]).toEqual([137, 3_000_000]);
  });

  it("a sink that breaks off is an error", async () => {
    const guest = await harness.guest();
    let taken = 0;
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        taken += chunk.length;
        done(taken > 1_000_000 ? new Error("the disk is full") : null);
      },
    });
    const outcome = guest.exec(["sh", "-c", "cat /dev/zero"], { stdout: sink });
    await expect(outcome).rejects.toMatchObject({ code: "COMMAND_STREAM_FAILED" });
  });

  it("a program need not read its stdin", async () => {
    const guest = await harness.guest();
    const result = await guest.exec(["sh", "-c", "exit 4"], { stdin: Readable.from(noise(SIZE)) });
    expect(result.exitCode).toBe(4);
  });
}
