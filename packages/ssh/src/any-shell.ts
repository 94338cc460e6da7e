import { quoteArgv } from "@cco/exec";

/** csh takes no word of more than some 4,000 characters. */
const LONGEST_WORD = 900;

/** Puts the words together, decodes them, runs what they say. Of characters that are safe in quotes. */
const DECODE = 'IFS=; t=$(printf %b "$*"); unset IFS; eval "$t"';

/**
 * One command line that runs exactly `argv` whatever the login shell: bash, dash, zsh, fish, csh,
 * tcsh and ksh read it the same, byte for byte. The program takes the login shell's place.
 *
 * Between single quotes a quote ends the word, fish changes a backslash before some characters,
 * csh an exclamation mark and a newline, old shells what is not ASCII. A line with any of these
 * travels as octal numbers, which the `sh` on PATH decodes.
 *
 * @param mark printed on stdout and stderr right before the program starts. Letters and digits.
 */
export function lineForAnyShell(argv: readonly string[], mark?: string): string {
  if (mark === undefined && argv.every(isSafeInQuotes)) return `exec ${argv.map(quoted).join(" ")}`;
  const words = encoded(`exec ${quoteArgv(argv)}`).map((word) => `'${word}'`);
  const begin = mark === undefined ? "" : `printf ${mark}; printf ${mark} >&2; `;
  return ["exec sh -c", `'${begin}${DECODE}'`, "sh", ...words].join(" ");
}

function isSafeInQuotes(word: string): boolean {
  return word.length <= LONGEST_WORD && /^[\x20-\x7e]*$/.test(word) && !/['\\!]/.test(word);
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_/.:,+-]+$/.test(word) ? word : `'${word}'`;
}

/** `line` in pieces for `printf %b`; none ends within a number, which fish would take for a quote. */
function encoded(line: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  for (const byte of Buffer.from(line, "utf8")) {
    if (word.length >= LONGEST_WORD) {
      words.push(word);
      word = "";
    }
    const character = String.fromCharCode(byte);
    word += isSafeInQuotes(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`;
  }
  return [...words, word];
}
