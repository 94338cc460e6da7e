import { rm } from "node:fs/promises";

import { Repo } from "@cco/git";

import { guestOf } from "./box.js";
import { collect, dropCollected, type Collected } from "./collect.js";
import type { Engine } from "./engine.js";
import { dropKept, keepCollected, keptOf } from "./kept.js";
import type { PullOptions } from "./options.js";
import type { SessionRecord } from "./record.js";
import { refreshOne, toSession, type SessionView } from "./refresh.js";
import type { PulledSession } from "./reports.js";
import { dropSaved } from "./saved.js";
import type { SessionResult } from "./session.js";
import { takeIn } from "./take-in.js";

/** Where uncommitted work is that came onto no ref: that copy is not given back. */
export function leftOf(
  { state }: Pick<SessionView, "state">,
  { salvage }: Collected,
  { salvaged }: SessionResult,
): SessionRecord["left"] {
  if (salvaged || salvage === "none") return null;
  if (salvage === "made") return "here";
  return state === "lost" ? null : "box";
}

/** A second pull: what the first could not bring or give back. */
export async function already(
  engine: Engine,
  record: SessionRecord,
  options: PullOptions,
): Promise<PulledSession> {
  engine.note("already-pulled", record.sessionId, `session ${record.sessionId} is already pulled`);
  const now = record.left === "box" ? await bringLeft(engine, record, options) : record;
  // One that was interrupted right after landing still has its copy.
  const released = now.released ? now : await release(engine, now, options.keep ?? false);
  return {
    ...toSession(await refreshOne(engine, released)),
    landed: null,
    alreadyPulled: true,
  };
}

/** Once more what was uncommitted: a limit may have been raised. Nothing lands. */
async function bringLeft(
  engine: Engine,
  record: SessionRecord,
  options: PullOptions,
): Promise<SessionRecord> {
  const { sessionId: id } = record;
  const guests = await (await engine.backendOf(record)).guests(id);
  if (!guests.has(id)) return engine.store.update(id, () => ({ left: null }));
  const { signal } = options;
  engine.step("collect", id, "bringing what was uncommitted");
  const guest = await guestOf(engine, record);
  const collected = await collect(engine, record, guest, { to: "collected", signal });
  const repo = await Repo.openMain(engine.runner, record.repo);
  const result = await takeIn(engine, record, repo, collected, options);
  if (result.salvaged) await dropKept(engine, record);
  const left = leftOf({ state: "succeeded" }, collected, result);
  return engine.store.update(id, () => ({ result, left }));
}

/** Give the guest back; its result is safe. A failure here is a note: `gc` tries again. */
export async function release(
  engine: Engine,
  record: SessionRecord,
  keep: boolean,
): Promise<SessionRecord> {
  const id = record.sessionId;
  if (record.left === "here") await keepCollected(engine, record);
  await dropCollected(engine, id);
  for (const folder of await keptOf(engine, id)) {
    engine.note("kept", id, `uncommitted work that was not taken in stays in ${folder}`);
  }
  if (record.left === "box") {
    const message = `what was uncommitted is in the box alone, whose copy is kept; try again: \`cco box pull ${id}\``;
    engine.note("kept", id, message);
    return record;
  }
  if (keep) {
    engine.note("kept", id, "the box's copy is kept");
    return record;
  }
  engine.step("release", id, "giving the box's copy back");
  try {
    await (await engine.backendOf(record)).closeGuest(id);
    await dropSaved(engine, record);
    await rm(engine.store.path(id, "input.bundle"), { force: true });
    return await engine.store.update(id, () => ({ released: true }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    engine.note("release-failed", id, `its copy in the box is still there: ${why}`);
    return record;
  }
}
