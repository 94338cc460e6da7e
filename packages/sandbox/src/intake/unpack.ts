import type { FileHandle } from "node:fs/promises";

import { gitFailed, type Quarantine } from "@cco/git";
import type { RunResult } from "@cco/exec";

import type { BundleHeader } from "./header.js";
import { bytes } from "./limits.js";
import { refuse } from "./refuse.js";
import { scanPack } from "./scan.js";
import type { IntakeLimits } from "./types.js";

export interface UnpackRequest {
  readonly file: FileHandle;
  readonly size: number;
  readonly header: BundleHeader;
  readonly limits: IntakeLimits;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Measure the bundle's pack, then unpack it into the quarantine.
 *
 * @returns ids of the objects that were really sent. What `--fix-thin` copied from the
 *   host to complete a thin pack is not among them: it lies behind the sent pack's end.
 * @throws {IntakeError} `too-big`, `malformed`, `illegal-name`.
 */
export async function unpack(
  quarantine: Quarantine,
  request: UnpackRequest,
): Promise<{ sent: Set<string>; completed: string[] }> {
  const { file, size, header, limits, signal } = request;
  const start = header.packOffset;
  const idBytes = header.objectFormat === "sha1" ? 20 : 32;
  const scan = await scanPack({ file, start, end: size, idBytes, limits, signal });
  if (scan.objects === 0) return { sent: new Set(), completed: [] };

  const pack = file.createReadStream({ start, end: size - 1, autoClose: false });
  const result = await quarantine.indexPack(pack, { maxInputSize: limits.maxBundleBytes, signal });
  if (result.exitCode !== 0) throw refusal(result, limits);

  const packed = await quarantine.packed(signal);
  const sentEnd = size - start - idBytes;
  const sent = packed.filter(({ offset }) => offset < sentEnd);
  if (sent.length !== scan.objects) {
    throw refuse("malformed", "the pack does not hold the objects its header counts");
  }
  const completed = packed.filter(({ offset }) => offset >= sentEnd).map(({ sha }) => sha);
  return { sent: new Set(sent.map(({ sha }) => sha)), completed };
}

/** Names in a tree that reach out of it, in the words of git's fsck (git-fsck(1)). */
const NAMES = /hasDot|fullPathname|emptyName/;

function refusal(result: RunResult, limits: IntakeLimits): Error {
  const { stderr } = result;
  if (/No space left on device|Disk quota exceeded|Permission denied/.test(stderr)) {
    return gitFailed(["index-pack"], result);
  }
  if (stderr.includes("exceeds maximum allowed size")) {
    return refuse("too-big", `the pack is larger than ${bytes(limits.maxBundleBytes)}`);
  }
  if (/out of memory/i.test(stderr)) return refuse("too-big", "git ran out of memory over it");
  const reason = /^(?:error|fatal): (.*)$/m.exec(stderr)?.[1];
  const signal = result.signal === null ? "" : ` (${result.signal})`;
  const message = reason ?? `git stopped without a word${signal}`;
  return refuse(NAMES.test(stderr) ? "illegal-name" : "malformed", message);
}
