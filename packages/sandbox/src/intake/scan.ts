import type { FileHandle } from "node:fs/promises";

import { bytes } from "./limits.js";
import { BrokenObject, PackReader } from "./pack-reader.js";
import { refuse } from "./refuse.js";
import type { IntakeLimits } from "./types.js";

export interface PackScan {
  /** Objects in the pack, as its own header says. */
  readonly objects: number;
  /** Bytes of all of them, unpacked; what deltas produce counted in full. */
  readonly unpackedBytes: number;
}

export interface ScanRequest {
  readonly file: FileHandle;
  /** The pack's first byte, and the one behind its last, in the file. */
  readonly start: number;
  readonly end: number;
  /** Bytes of an object id. */
  readonly idBytes: 20 | 32;
  readonly limits: IntakeLimits;
  readonly signal?: AbortSignal | undefined;
}

const OFS_DELTA = 6;
const REF_DELTA = 7;
const PLAIN = new Set([1, 2, 3, 4]);

/**
 * Walk a pack (gitformat-pack(5)) and add up what it would unpack to, before git sees a
 * byte of it: a kilobyte of delta instructions can stand for gigabytes in git's memory.
 *
 * @throws {IntakeError} `too-big`; `malformed`: not a pack, cut short, or more behind it.
 */
export async function scanPack(request: ScanRequest): Promise<PackScan> {
  try {
    return await walk(request);
  } catch (error) {
    if (!(error instanceof BrokenObject)) throw error;
    throw refuse("malformed", error.message, { cause: error });
  }
}

async function walk({ file, start, end, idBytes, limits, signal }: ScanRequest): Promise<PackScan> {
  const reader = new PackReader(file, start, end);
  const head = Buffer.from(await reader.take(12));
  if (head.toString("latin1", 0, 4) !== "PACK" || ![2, 3].includes(head.readUInt32BE(4))) {
    throw refuse("malformed", "what follows the bundle's header is no pack");
  }
  const objects = head.readUInt32BE(8);
  if (objects > limits.maxObjects) {
    throw refuse("too-big", `${String(objects)} objects, at most ${String(limits.maxObjects)}`);
  }
  let unpackedBytes = 0;
  const count = (size: number): void => {
    unpackedBytes += size;
    if (unpackedBytes <= limits.maxUnpackedBytes) return;
    throw refuse("too-big", `unpacks to more than ${bytes(limits.maxUnpackedBytes)}`);
  };
  for (let n = 0; n < objects; n += 1) {
    signal?.throwIfAborted();
    await skipEntry(reader, idBytes, count);
  }
  if (reader.remaining < idBytes) throw refuse("malformed", "the pack is cut short");
  if (reader.remaining > idBytes) throw refuse("malformed", "there is data behind the pack");
  return { objects, unpackedBytes };
}

async function skipEntry(
  reader: PackReader,
  idBytes: number,
  count: (size: number) => void,
): Promise<void> {
  const { type, size } = await entryHeader(reader);
  if (PLAIN.has(type)) {
    count(size);
    await reader.skipObject(size);
    return;
  }
  if (type === REF_DELTA) await reader.take(idBytes);
  else if (type === OFS_DELTA) while ((await reader.byte()) & 0x80);
  else throw refuse("malformed", "an object of the pack has no known type");
  // The instructions are in memory whole when git applies them.
  count(size);
  count(resultSize(await reader.skipObject(size)));
}

async function entryHeader(reader: PackReader): Promise<{ type: number; size: number }> {
  let byte = await reader.byte();
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let shift = 4; byte & 0x80; shift += 7) {
    if (shift > 53) throw refuse("too-big", "an object says it is larger than can be");
    byte = await reader.byte();
    size += (byte & 0x7f) * 2 ** shift;
  }
  return { type, size };
}

/** The second number of a delta: bytes of what it makes. */
function resultSize(delta: Buffer): number {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = delta[at];
      if (byte === undefined || shift > 53) throw new BrokenObject("a delta is not understood");
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
  };
  number();
  return number();
}
