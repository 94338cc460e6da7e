import { readdir, rename, rm } from "node:fs/promises";

import { collectedBefore, type Collected, type CollectFolder } from "./collect.js";
import type { Engine } from "./engine.js";
import { isBegun, type SessionRecord } from "./record.js";

/**
 * Uncommitted work that was saved and that nothing newer holds, by the start that it is of:
 * `exchange/<id>/kept.<start>`. A later save of that start makes up for it; else it stays until the
 * session is removed.
 */
type KeptFolder = `kept.${number}`;

/** The start of a session that runs, or was lost last. */
function folderOf(record: SessionRecord): KeptFolder {
  return `kept.${isBegun(record) ? record.attempt - 1 : record.attempt}`;
}

/** Paths of what is kept of a session. */
export async function keptOf(engine: Engine, id: string): Promise<readonly string[]> {
  const names = await readdir(engine.store.path(id)).catch(() => []);
  const kept = names.filter((name) => /^kept\.[0-9]+$/.test(name)).sort();
  return kept.map((name) => engine.store.path(id, name));
}

/** A new save is about to take the place of `saved`. */
export async function keepFrom(
  engine: Engine,
  record: SessionRecord,
  { salvage }: Pick<Collected, "salvage">,
): Promise<void> {
  if (salvage === "made" || salvage === "none") {
    await dropKept(engine, record);
    return;
  }
  const before = await collectedBefore(engine, record, "saved");
  if (before?.salvage !== "made" || before.launchedAt !== record.launchedAt) return;
  await keepSaved(engine, record);
}

/** Newer uncommitted work of this start was taken in, or there is none. */
export async function dropKept(engine: Engine, record: SessionRecord): Promise<void> {
  const folder = engine.store.path(record.sessionId, folderOf(record));
  await rm(folder, { recursive: true, force: true });
}

/** What a lost session saved, with the uncommitted work of an earlier save where the last has none. */
export async function withKept<T extends Collected>(
  engine: Engine,
  record: SessionRecord,
  saved: T,
): Promise<T> {
  if (saved.salvage === "made" || saved.salvage === "none") return saved;
  const kept = await collectedBefore(engine, record, folderOf(record));
  if (kept?.salvage !== "made") return saved;
  return { ...saved, salvage: "made", salvageFile: kept.salvageFile };
}

/** It could not be taken in, and is not to be overwritten. @returns where it is */
export async function keepSaved(engine: Engine, record: SessionRecord): Promise<string> {
  return (
    (await keep(engine, record, "saved")) ?? engine.store.path(record.sessionId, folderOf(record))
  );
}

/** What a pull brought of uncommitted work was refused: it stays when the rest is forgotten. */
export async function keepCollected(engine: Engine, record: SessionRecord): Promise<void> {
  if ((await keep(engine, record, "collected")) === null) await keep(engine, record, "saved");
}

/** @returns `null`: there was no uncommitted work in it */
async function keep(
  engine: Engine,
  record: SessionRecord,
  from: CollectFolder,
): Promise<string | null> {
  if ((await collectedBefore(engine, record, from))?.salvage !== "made") return null;
  const folder = engine.store.path(record.sessionId, folderOf(record));
  await rm(folder, { recursive: true, force: true });
  await rename(engine.store.path(record.sessionId, from), folder);
  return folder;
}
