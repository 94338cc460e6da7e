import { RunError } from "@cco/exec";

import { BackendError } from "./errors.js";
import type { Guest } from "./port.js";

/** FILE SIZE MODE: writes beside the target and moves it there only when all bytes came. */
const PUT = `
mkdir -p -- "$(dirname -- "$1")" || exit
trap 'rm -f -- "$1.part"' 0
cat >"$1.part" || exit
[ "$(wc -c <"$1.part")" -eq "$2" ] || { echo "cut short" >&2; exit 1; }
chmod "$3" "$1.part" && mv -f -- "$1.part" "$1"
`;

/**
 * Put a file into a guest. It is there whole, with these permission bits, or not at all.
 *
 * @param path absolute in the guest, or relative to its workspace.
 * @throws {BackendError} `TRANSFER_FAILED`: fewer or more bytes arrived, or the disk is full.
 */
export async function putFile(
  guest: Guest,
  path: string,
  content: Uint8Array,
  mode = 0o644,
): Promise<void> {
  const target = path.startsWith("-") ? `./${path}` : path;
  const argv = ["sh", "-c", PUT, "put", target, String(content.length), mode.toString(8)];
  const result = await guest
    .exec(argv, { stdin: content, maxBuffer: 65_536 })
    .catch((cause: unknown) => {
      throw transferFailed(path, cause);
    });
  if (result.exitCode !== 0) throw transferFailed(path, undefined, result.stderr);
}

function transferFailed(path: string, cause: unknown, words?: string): BackendError {
  const said = words?.trim() ?? "";
  const reason = said !== "" ? said : cause instanceof RunError ? cause.message : "broken off";
  return new BackendError("TRANSFER_FAILED", `${path}: ${reason}`, { cause });
}
