import { join } from "node:path";

import { xdgFolder } from "@cco/exec";

import type { main as Main } from "./main.js";
import { requireCompiled } from "./compiled.js";

/** Replaced by the package's version when the CLI is bundled. */
declare const CCO_VERSION: string;
/** Replaced by a hash of the other files, which lie beside this one then. */
declare const CCO_HASH: string;

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
  const { main } = beside("main", commandOf(argv)) as { main: typeof Main };
  void main(argv, CCO_VERSION);
}

/** Run a file that lies beside this one. @param purpose names what V8 made of it */
function beside(name: string, purpose: string): unknown {
  return requireCompiled({
    file: join(__dirname, `${name}.cjs`),
    hash: CCO_HASH,
    purpose,
    folder: join(xdgFolder(process.env, "XDG_CACHE_HOME", ".cache"), "cco"),
    require: libraryOr(require),
  });
}

/** A large library, beside this file too, is read once and with kept code; all else as ever. */
function libraryOr(require: NodeJS.Require): NodeJS.Require {
  const read = new Map<string, unknown>();
  const find = (id: string): unknown => {
    const name = /^\.\/(lib-[a-z]+)\.cjs$/.exec(id)?.[1];
    if (name === undefined) return require(id);
    if (!read.has(name)) read.set(name, beside(name, name));
    return read.get(name);
  };
  return Object.assign(find, require);
}

/** A name for the command, as a part of a file's name. */
function commandOf([first = "", second = ""]: readonly string[]): string {
  const words = first === "box" ? [first, second] : [first];
  return words.every((word) => /^[a-z_]{2,16}$/.test(word)) ? words.join("-") : "other";
}
