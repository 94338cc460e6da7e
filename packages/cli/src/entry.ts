import { join } from "node:path";

import { xdgFolder } from "@cco/exec";

import type { main as Main } from "./main.js";
import { requireCompiled } from "./compiled.js";

/** Replaced by the package's version when the CLI is bundled. */
declare const CCO_VERSION: string;
/** Replaced by a hash of `main.cjs`, which lies beside this file then. */
declare const CCO_MAIN_HASH: string;

const argv = process.argv.slice(2);

// `--version` is asked by scripts and prompts: nothing else is loaded for it.
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.once("error", ({ code = "" }: NodeJS.ErrnoException) => {
    // A reader that is gone is no failure.
    if (code === "EPIPE" || code === "EIO") return;
    process.stderr.write(`cco: cannot write to stdout: ${code}\n`);
    process.exitCode = 1;
  });
  process.stdout.write(`${CCO_VERSION}\n`);
} else {
  const { main } = requireCompiled({
    file: join(__dirname, "main.cjs"),
    hash: CCO_MAIN_HASH,
    purpose: commandOf(argv),
    folder: join(xdgFolder(process.env, "XDG_CACHE_HOME", ".cache"), "cco"),
    require,
  }) as { main: typeof Main };
  void main(argv, CCO_VERSION);
}

/** A name for the command, as a part of a file's name. */
function commandOf([first = "", second = ""]: readonly string[]): string {
  const words = first === "box" ? [first, second] : [first];
  return words.every((word) => /^[a-z_]{2,16}$/.test(word)) ? words.join("-") : "other";
}
