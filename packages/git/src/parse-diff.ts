/** One file that differs between two trees. */
export interface FileChange {
  /** Bytes that are not UTF-8 are replaced: for showing and matching, not for opening. */
  readonly path: string;
  /** Added, deleted, modified, or changed in type (file, link, submodule). */
  readonly status: "A" | "D" | "M" | "T";
  /** Six octal digits: `100644`, `100755`, `120000`, `160000`; `000000` where there is none. */
  readonly oldMode: string;
  readonly newMode: string;
  readonly oldSha: string;
  readonly newSha: string;
  /** Lines; `null` for a binary file. */
  readonly added: number | null;
  readonly removed: number | null;
}

const STATUSES = new Set(["A", "D", "M", "T"]);

/** Output of `git diff-tree -r -z --raw --numstat --no-abbrev --no-renames`. */
export function parseRawNumstat(output: Buffer): FileChange[] {
  const values = output.toString("utf8").split("\0");
  const changes: Omit<FileChange, "added" | "removed">[] = [];
  let at = 0;
  for (; values[at]?.startsWith(":"); at += 2) {
    const [oldMode = "", newMode = "", oldSha = "", newSha = "", status = ""] = (values[at] ?? "")
      .slice(1)
      .split(" ");
    const path = values[at + 1];
    if (path === undefined || !STATUSES.has(status)) {
      throw new TypeError(`unexpected diff record: ${values[at] ?? ""}`);
    }
    changes.push({
      path,
      status: status as FileChange["status"],
      oldMode,
      newMode,
      oldSha,
      newSha,
    });
  }
  const counts = new Map(values.slice(at).map(parseCounts));
  return changes.map((change) => ({ ...change, ...(counts.get(change.path) ?? UNCOUNTED) }));
}

const UNCOUNTED = { added: null, removed: null };

function parseCounts(value: string): [string, Pick<FileChange, "added" | "removed">] {
  const [added, removed, ...path] = value.split("\t");
  return [path.join("\t"), { added: parseCount(added), removed: parseCount(removed) }];
}

function parseCount(text: string | undefined): number | null {
  return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
}
