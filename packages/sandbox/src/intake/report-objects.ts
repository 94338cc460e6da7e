import type { Git } from "@cco/git";

import type { Changes, Tree } from "./changes.js";
import { fold } from "./fold.js";
import { objectInfos, readContents, readSmall } from "./objects.js";
import { whereOf, type Findings } from "./report.js";
import { escapeOf, MAX_TARGET } from "./rules/links.js";
import { SYMLINK } from "./rules/rule.js";
import { needles, SecretReader } from "./rules/secrets.js";
import type { ProvisionedSecret } from "./types.js";

const MAX_LINKS = 256 * 1024 * 1024;

/** What rules need beside the list of changes. */
export interface ObjectsContext {
  /** git in the quarantine. */
  readonly git: Git;
  readonly findings: Findings;
  readonly changes: Changes;
  readonly signal?: AbortSignal | undefined;
}

/** `symlink-escape`: changed links, and others that a changed one leads astray. */
export async function reportLinks(context: ObjectsContext): Promise<void> {
  const { changes, base, tip } = context.changes;
  if (!changes.some(({ oldMode, newMode }) => oldMode === SYMLINK || newMode === SYMLINK)) return;
  const changed = changes.filter(({ newMode }) => newMode === SYMLINK);
  const read = await linkReader(context, [
    ...linksOf(base).values(),
    ...linksOf(tip).values(),
    ...changed.map(({ newSha }) => newSha),
  ]);
  const inTip = targets(tip, read);
  const inBase = targets(base, read);
  for (const change of changed.filter(({ commit }) => commit !== null)) {
    const links = new Map(inTip).set(change.folded, read(change.newSha));
    const reason = escapeOf(change.path, read(change.newSha), links);
    if (reason !== null) add(context, change.path, reason + whereOf(change), read(change.newSha));
  }
  for (const [path, sha] of linksOf(tip)) {
    const reason = escapeOf(path, read(sha), inTip);
    const isOld = base.get(path)?.sha === sha && escapeOf(path, read(sha), inBase) === reason;
    if (reason !== null && !isOld) add(context, path, reason, read(sha));
  }
}

function add({ findings }: ObjectsContext, path: string, reason: string, target: string): void {
  findings.add("symlink-escape", path, `${reason}: ${target.slice(0, 200)}`);
}

function linksOf(tree: Tree): Map<string, string> {
  const links = [...tree].filter(([, { mode }]) => mode === SYMLINK);
  return new Map(links.map(([path, { sha }]) => [path, sha]));
}

function targets(tree: Tree, read: (sha: string) => string): Map<string, string> {
  return new Map([...linksOf(tree)].map(([path, sha]) => [fold(path), read(sha)]));
}

/** Targets by object id. One too long to be a target is cut, and still too long. */
async function linkReader(
  { git, signal }: ObjectsContext,
  ids: readonly string[],
): Promise<(sha: string) => string> {
  const unique = [...new Set(ids)];
  const infos = await objectInfos(git, unique, signal);
  const small = unique.filter((sha) => (infos.get(sha)?.size ?? 0) <= MAX_TARGET);
  const contents = await readSmall(git, small, MAX_LINKS, signal);
  const tooLong = "/".padEnd(MAX_TARGET + 1, "…");
  return (sha) => contents.get(sha)?.toString("utf8") ?? tooLong;
}

/** `secret`: in any object that was sent: files, names in folders, messages. */
export async function reportSecrets(
  context: ObjectsContext,
  sent: ReadonlySet<string>,
  secrets: readonly ProvisionedSecret[],
): Promise<void> {
  const wanted = needles(secrets);
  if (wanted.length === 0) return;
  const reader = new SecretReader(wanted);
  await readContents(context.git, [...sent], reader, context.signal);
  for (const [sha, names] of reader.found) {
    const change = context.changes.changes.find(({ newSha }) => newSha === sha);
    for (const name of names) {
      const where = change === undefined ? ` (object ${sha.slice(0, 12)})` : whereOf(change);
      const message = `holds the value of ${name}, which the guest was given${where}`;
      context.findings.add("secret", change?.path ?? null, message);
    }
  }
}
