import { Transform, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { RunError } from "@cco/exec";

import { BackendError } from "./errors.js";
import type { Guest } from "./port.js";

export interface TransferOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Writes beside the target and moves it there only when all bytes came. */
const PUT = `
mkdir -p -- "$(dirname -- "$1")" && cat >"$1.part" || exit 1
[ "$(wc -c <"$1.part")" -eq "$2" ] || { rm -f -- "$1.part"; echo "cut short" >&2; exit 1; }
mv -f -- "$1.part" "$1"
`;

/** The size first: the reader knows what to wait for. */
const GET = `[ -f "$1" ] || { echo "no such file" >&2; exit 1; }
wc -c <"$1" && exec cat -- "$1"`;

/**
 * Put a file into a guest. It is there whole or not at all.
 *
 * @param path absolute in the guest, or relative to its workspace.
 * @param size bytes that `source` has.
 * @throws {BackendError} `TRANSFER_FAILED`: fewer or more bytes arrived, or the disk is full.
 */
export async function putFile(
  guest: Guest,
  path: string,
  source: Uint8Array | Readable,
  size: number,
  options: TransferOptions = {},
): Promise<void> {
  const argv = ["sh", "-c", PUT, "put", guestPath(path), String(size)];
  const result = await guest
    .exec(argv, { ...options, stdin: source, maxBuffer: 65_536 })
    .catch((cause: unknown) => {
      throw transferFailed(path, cause);
    });
  if (result.exitCode !== 0) throw transferFailed(path, undefined, result.stderr);
}

/**
 * Stream a guest's file to `sink`, which is ended. What the guest claims is not believed:
 * neither more than `maxBytes` nor another number of bytes than announced passes.
 *
 * @returns the number of bytes.
 * @throws {BackendError} `TRANSFER_FAILED`: it is not there, cut short, or too big.
 */
export async function getFile(
  guest: Guest,
  path: string,
  sink: Writable,
  options: TransferOptions & { readonly maxBytes: number },
): Promise<number> {
  const { maxBytes, ...run } = options;
  const frame = new Framed(maxBytes);
  const written = pipeline(frame, sink);
  written.catch(() => undefined);
  const argv = ["sh", "-c", GET, "get", guestPath(path)];
  const result = await guest.exec(argv, { ...run, stdout: frame }).catch((cause: unknown) => {
    throw transferFailed(path, cause, frame.refusal ?? undefined);
  });
  if (result.exitCode !== 0) throw transferFailed(path, undefined, result.stderr);
  if (!frame.whole) throw transferFailed(path, undefined, frame.refusal ?? "cut short");
  await written;
  return frame.passed;
}

/** Takes the announced size off the front and passes exactly that many bytes on. */
class Framed extends Transform {
  passed = 0;
  refusal: string | null = null;
  #announced: number | null = null;
  #head = "";
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  get whole(): boolean {
    return this.passed === this.#announced;
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    let bytes = chunk;
    if (this.#announced === null) {
      const newline = bytes.indexOf(0x0a);
      this.#head += bytes.subarray(0, newline === -1 ? undefined : newline).toString("latin1");
      if (newline === -1 && this.#head.length < 32) {
        done();
        return;
      }
      if (!/^ *\d{1,15} *$/.test(this.#head)) {
        this.#refuse("its size was not announced", done);
        return;
      }
      this.#announced = Number(this.#head);
      bytes = bytes.subarray(newline + 1);
      if (this.#announced > this.#maxBytes) {
        this.#refuse(`${this.#announced} bytes, more than ${this.#maxBytes}`, done);
        return;
      }
    }
    this.passed += bytes.length;
    if (this.passed > this.#announced) {
      this.#refuse("more bytes than announced", done);
      return;
    }
    if (bytes.length > 0) this.push(bytes);
    done();
  }

  #refuse(reason: string, done: (error: Error) => void): void {
    this.refusal = reason;
    done(new Error(reason));
  }
}

/** A path that begins with `-` must not be read as an option. */
function guestPath(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

function transferFailed(path: string, cause: unknown, words?: string): BackendError {
  const said = words?.trim() ?? "";
  const reason = said !== "" ? said : cause instanceof RunError ? cause.message : "broken off";
  return new BackendError("TRANSFER_FAILED", `${path}: ${reason}`, { cause });
}
