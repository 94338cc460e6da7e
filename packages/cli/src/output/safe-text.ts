import { stripVTControlCharacters } from "node:util";

// C0 without tab and newline, DEL, C1, and the characters that reorder or hide text.
const UNSAFE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `text` without terminal control sequences, control characters and invisible or reordering marks. */
export function safeText(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, "");
}

/** {@link safeText} on one line. */
export function safeLine(text: string): string {
  return safeText(text).replace(/[\t\n]+/g, " ");
}
