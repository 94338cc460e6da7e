/** Code points that HFS+ leaves out when it compares names. */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;

/**
 * A path as a file system may compare it that ignores case (APFS, NTFS), Unicode forms
 * (APFS, HFS+), some invisible characters (HFS+) and dots and spaces at a name's end
 * (NTFS). Two paths with the same answer are one file somewhere.
 */
export function fold(path: string): string {
  // Most paths: nothing of this is in them.
  if (/^[\u0021-\u007e]*$/.test(path) && !/\.(?:\/|$)/.test(path)) return path.toLowerCase();
  const plain = path.normalize("NFD").replaceAll(IGNORED, "");
  // Upper first: `ß` and `SS`, `ſ` and `s` are one.
  const cased = plain.toUpperCase().toLowerCase().normalize("NFC");
  return cased.replaceAll(/(?<=[^./ ])[. ]+(?=\/|$)/gu, "");
}
