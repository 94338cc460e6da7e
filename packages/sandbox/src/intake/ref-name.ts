const MAX_LENGTH = 1_000;

/** Characters and sequences that git forbids in ref names. */
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/u;

/** Whether git takes `name` as a ref (git-check-ref-format(1)): `HEAD` or below `refs/`. */
export function isRefName(name: string): boolean {
  if (name === "HEAD") return true;
  if (!name.startsWith("refs/") || name.length > MAX_LENGTH || FORBIDDEN.test(name)) return false;
  const parts = name.split("/");
  if (parts.length < 3 || parts.some((part) => part.startsWith(".") || part.endsWith(".lock"))) {
    return false;
  }
  // git makes no such branch, and one would read as an option.
  return parts[2]?.startsWith("-") !== true && !name.includes("\ufffd");
}
