import { Readable, Writable } from "node:stream";

import type { RunResult } from "@cco/exec";
import { expect, it } from "vitest";

import type { Guest, GuestExecOptions } from "./port.js";
import { getFile, putFile } from "./transfer.js";

/** A guest that prints `chunks` and exits. */
function guest(chunks: readonly string[], exitCode = 0, stderr = ""): Guest {
  const exec = async (_argv: readonly string[], options: GuestExecOptions = {}) => {
    const { stdout } = options;
    if (stdout instanceof Writable) {
      await new Promise<void>((resolve) => {
        stdout.on("error", () => {
          resolve();
        });
        Readable.from(chunks.map((chunk) => Buffer.from(chunk))).pipe(stdout);
        stdout.on("finish", resolve);
      });
    }
    return { exitCode, signal: null, stdout: Buffer.alloc(0), stderr } satisfies RunResult;
  };
  return { exec } as unknown as Guest;
}

class Sink extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

it.each([
  ["in one piece", ["5\nhello"]],
  ["with the size in pieces", [" ", "  5", "\n", "he", "llo"]],
])("takes a whole file %s", async (_name, chunks) => {
  const sink = new Sink();
  expect(await getFile(guest(chunks), "f", sink, { maxBytes: 5 })).toBe(5);
  expect(sink.text).toBe("hello");
});

it("takes an empty file", async () => {
  expect(await getFile(guest(["0\n"]), "f", new Sink(), { maxBytes: 5 })).toBe(0);
});

it.each([
  ["cut short", ["5\nhell"]],
  ["more bytes than announced", ["5\nhello!"]],
  ["more than 5", ["6\nhello!"]],
  ["not announced", ["many\nhello"]],
  ["not announced", ["1".repeat(100)]],
  ["cut short", []],
])("refuses a file: %s", async (words, chunks) => {
  const taken = getFile(guest(chunks), "f", new Sink(), { maxBytes: 5 });
  await expect(taken).rejects.toMatchObject({
    code: "TRANSFER_FAILED",
    message: expect.stringContaining(words) as string,
  });
});

it("says in the guest's words why a file did not arrive", async () => {
  const put = putFile(
    guest([], 1, "cat: write error: No space left on device\n"),
    "f",
    Buffer.alloc(3),
    3,
  );
  await expect(put).rejects.toThrow("No space left on device");
});
