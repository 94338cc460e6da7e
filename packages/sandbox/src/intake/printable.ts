/** Options of {@link printable}. */
export interface PrintableOptions {
  /** Keep line feeds and tabs (text of several lines). Default false: they become spaces. */
  readonly multiline?: boolean;
}

/** OSC, DCS, SOS, PM and APC up to their end, with all they carry (7-bit and C1 forms). */
const STRING_SEQUENCE =
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u009c|\u001b\\)/gu;

/** CSI with its parameters, then the other escapes. */
const ESCAPE_SEQUENCE =
  /(?:\u001b\[|\u009b)[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]?|\u001b[\u0020-\u002f]*[\u0030-\u007e]?/gu;

/** What is left of C0, DEL and C1; bidi controls; invisible and line-breaking format characters. */
const CONTROL =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}\p{Cs}]/gu;

/**
 * Text from a guest, safe to show: without terminal escapes (CSI, OSC, DCS, …),
 * C0 and C1 controls, and bidi controls that make text look like another.
 */
export function printable(text: string, options: PrintableOptions = {}): string {
  const stripped = text
    .replaceAll(/\r\n?/gu, "\n")
    .replaceAll(STRING_SEQUENCE, "")
    .replaceAll(ESCAPE_SEQUENCE, "")
    .replaceAll(CONTROL, "");
  return options.multiline === true ? stripped : stripped.replaceAll(/[\n\t]+/gu, " ");
}

/** Whether `text` holds anything that {@link printable} would take out. */
export function hasControls(text: string, options: PrintableOptions = {}): boolean {
  const plain = options.multiline === true ? text.replaceAll("\r\n", "\n") : text;
  return (
    printable(plain, { multiline: true }) !== plain ||
    (options.multiline !== true && /[\n\t]/u.test(text))
  );
}
