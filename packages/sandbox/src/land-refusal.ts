/**
 * The files that git names when a fast-forward would overwrite them (C locale, git 2.30 to
 * 2.52, `unpack-trees.c`): modified, untracked or ignored; a folder that holds such a file.
 *
 * @returns `null` when git refused for another reason.
 */
export function readRefusal(stderr: string): string[] | null {
  const files: string[] = [];
  let isList = false;
  let isRefusal = false;
  for (const line of stderr.split("\n")) {
    if (isList && line.startsWith("\t")) {
      files.push(line.slice(1));
      continue;
    }
    isList = LISTS.test(line);
    isRefusal ||= isList;
    const one = ONE.exec(line)?.[1];
    if (one === undefined) continue;
    isRefusal = true;
    files.push(one);
  }
  return isRefusal ? [...new Set(files)] : null;
}

/** Headings above one file per line. */
const LISTS =
  /(?:would be overwritten|would be removed|would lose untracked files|not uptodate|are not up to date).*:$/;

/** Messages that name their one file. */
const ONE =
  /^(?:error: )?(?:Entry '(.*)' (?:not uptodate|would be overwritten|would be removed).*|Untracked working tree file '(.*)' would be.*)$/;
