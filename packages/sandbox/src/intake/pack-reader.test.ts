import type { FileHandle } from "node:fs/promises";
import { deflateSync } from "node:zlib";

import { expect, it } from "vitest";

import { BrokenObject, PackReader } from "./pack-reader.js";

const MIB = 1024 * 1024;

/** A pack's bytes as a file; `largest`: the most that was held at once. */
function fileOf(bytes: Buffer): { file: FileHandle; largest: () => number } {
  let largest = 0;
  const read = (target: Buffer, at: number, length: number, position: number) => {
    largest = Math.max(largest, target.length);
    return Promise.resolve({ bytesRead: bytes.copy(target, at, position, position + length) });
  };
  return { file: { read } as unknown as FileHandle, largest: () => largest };
}

/** A zlib stream of `content`, before it blocks that hold nothing: `count` of them. */
function padded(content: string, count: number): Buffer {
  const plain = deflateSync(content);
  const empty = Buffer.from([0, 0, 0, 0xff, 0xff]);
  return Buffer.concat([
    plain.subarray(0, 2),
    Buffer.alloc(empty.length * count, empty),
    plain.subarray(2),
  ]);
}

it("goes past an object and reads on behind it", async () => {
  const bytes = Buffer.concat([deflateSync("content"), Buffer.from("next")]);
  const reader = new PackReader(fileOf(bytes).file, 0, bytes.length);
  expect((await reader.skipObject(7)).toString()).toBe("content");
  expect((await reader.take(4)).toString()).toBe("next");
  expect(reader.remaining).toBe(0);
});

it("holds little of a small object that takes much room in the pack", async () => {
  const bytes = Buffer.concat([padded("content", 2 * MIB), Buffer.from("next")]);
  const { file, largest } = fileOf(bytes);
  const reader = new PackReader(file, 0, bytes.length);
  expect((await reader.skipObject(7)).toString()).toBe("content");
  expect((await reader.take(4)).toString()).toBe("next");
  expect(largest()).toBeLessThan(6 * MIB);
});

it("gives the beginning of a large object that begins where a read ends", async () => {
  const content = Buffer.alloc(2 * MIB, "0123456789");
  const head = Buffer.alloc(MIB - 10);
  const bytes = Buffer.concat([head, deflateSync(content, { level: 0 }), Buffer.from("next")]);
  const reader = new PackReader(fileOf(bytes).file, 0, bytes.length);
  await reader.take(head.length);
  expect((await reader.skipObject(content.length)).toString()).toBe(
    content.toString("utf8", 0, 32),
  );
  expect((await reader.take(4)).toString()).toBe("next");
});

it("goes past a large object that ends where a read ends", async () => {
  const content = Buffer.alloc(2 * MIB, "0123456789");
  const object = deflateSync(content, { level: 0 });
  const head = Buffer.alloc(3 * MIB - object.length);
  const bytes = Buffer.concat([head, object, Buffer.from("next")]);
  const reader = new PackReader(fileOf(bytes).file, 0, bytes.length);
  await reader.take(head.length);
  expect(await reader.skipObject(content.length)).toHaveLength(32);
  expect((await reader.take(4)).toString()).toBe("next");
});

it.each([6, 8])("refuses an object of another size than %s", async (size) => {
  const bytes = padded("content", 2 * MIB);
  const reader = new PackReader(fileOf(bytes).file, 0, bytes.length);
  await expect(reader.skipObject(size)).rejects.toThrow(BrokenObject);
});

it("refuses an object that is cut short", async () => {
  const bytes = padded("content", 2 * MIB).subarray(0, -6);
  const reader = new PackReader(fileOf(bytes).file, 0, bytes.length);
  await expect(reader.skipObject(7)).rejects.toThrow("the pack is cut short");
});
