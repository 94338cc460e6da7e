import { stat } from "node:fs/promises";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { Guest, SandboxBackend } from "@cco/backend";

import { fromBackend, guestOf } from "./box.js";
import {
  collect,
  collectArgv,
  collectedBefore,
  receive,
  saysNothing,
  type Collected,
} from "./collect.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { keepFrom, withKept } from "./kept.js";
import { tryWithLock, withLock } from "./lock.js";
import { isBegun, type SessionRecord } from "./record.js";

/** What a guest is told to save where its backend has a store for it. */
export async function saveOf(backend: SandboxBackend, base: string, attempt: number) {
  if ((backend.salvage?.store ?? null) === null) return {};
  return { save: { argv: await collectArgv("stream", base), attempt } };
}

/** What was saved of a session, on the host. */
export interface SavedWork extends Collected {
  /** Of it and what a snapshot brought it is not known which is newer. */
  readonly unordered: boolean;
}

/**
 * What was saved of a session whose guest is lost, on the host: by a `cco` that waited for it, or by
 * the guest itself in its backend's store. Still unchecked. `null`: nothing was.
 *
 * @throws {SandboxError} the store does not answer; `BUNDLE_TRUNCATED`.
 */
export async function savedOf(
  engine: Engine,
  record: SessionRecord,
  signal?: AbortSignal,
): Promise<SavedWork | null> {
  const here = await collectedBefore(engine, record, "saved");
  const store = (await engine.backendOf(record)).salvage?.store ?? null;
  // A snapshot is saved there too.
  if (store === null) {
    return here === null ? null : { ...(await withKept(engine, record, here)), unordered: false };
  }
  const fromStore = (saved: Collected): SavedWork => ({ ...saved, unordered: !saved.final });
  if (here !== null && isOfLastStart(here, record)) return fromStore(here);
  engine.step("collect", record.sessionId, `looking for saved work: ${store.name}`);
  const found = { nothing: false };
  try {
    const options = { to: "saved", signal } as const;
    const received = await receive(engine, record, options, async (sink, either) => {
      const saved = await store.read(record.sessionId, sink, { signal: either });
      found.nothing = saved === null;
      return { result: DONE, final: saved?.final ?? false };
    });
    return fromStore(received);
  } catch (error) {
    if (found.nothing) return null;
    throw fromBackend(error);
  }
}

/** Of an earlier start the store may have something newer. */
function isOfLastStart({ launchedAt }: Collected, record: SessionRecord): boolean {
  return launchedAt !== null && launchedAt === record.launchedAt;
}

/**
 * Whether only a look into its backend's store tells what was saved of a lost session. To look may
 * start something there.
 */
export async function isOnlyInStore(engine: Engine, record: SessionRecord): Promise<boolean> {
  if (((await engine.backendOf(record)).salvage?.store ?? null) === null) return false;
  const here = await collectedBefore(engine, record, "saved");
  return here === null || !isOfLastStart(here, record);
}

const LOCK_RETRY_MS = 100;

/** More bytes than a stream has that says that there is no work. */
const LONGEST_NOTHING = 64 * 1024;

const DONE = { exitCode: 0, signal: null, stdout: Buffer.alloc(0), stderr: "" } as const;

/** Remove what was saved in the backend's store. */
export async function dropSaved(engine: Engine, record: SessionRecord): Promise<void> {
  await (await engine.backendOf(record)).salvage?.store?.remove(record.sessionId);
}

/** Whether a backend's store holds work of a guest that no session here has. */
export async function storeHoldsWork(backend: SandboxBackend, id: string): Promise<boolean> {
  const enough = new AbortController();
  let printed = "";
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed += chunk.toString("latin1");
      if (printed.length > LONGEST_NOTHING) enough.abort();
      done();
    },
  });
  try {
    const saved = await backend.salvage?.store?.read(id, sink, { signal: enough.signal });
    return (saved ?? null) !== null && !saysNothing(printed);
  } catch (error) {
    if (enough.signal.aborted) return true;
    throw error;
  }
}

/**
 * Until `signal`: bring what a running guest holds into `exchange/<id>/saved` every so often, where
 * its bytes may be lost and nothing else keeps them. Of several that wait one does it.
 */
export async function saveWhileWaiting(
  engine: Engine,
  record: SessionRecord,
  guest: Guest,
  signal: AbortSignal,
): Promise<void> {
  const { salvage } = await engine.backendOf(record);
  if (salvage?.store !== null) return;
  let told = false;
  for (;;) {
    await delay(salvage.everyMs, undefined, { signal }).catch(() => undefined);
    if (isStopped(signal)) return;
    try {
      await saveOnce(engine, record, { guest, everyMs: salvage.everyMs, signal });
      told = false;
    } catch (error) {
      if (isStopped(signal)) return;
      const why = error instanceof Error ? error.message : String(error);
      const message = `what it did so far was not saved, and will be tried again: ${why}`;
      if (!told) engine.note("warning", record.sessionId, message);
      told = true;
    }
  }
}

function isStopped(signal: AbortSignal): boolean {
  return signal.aborted;
}

/**
 * Save what a running guest holds now, where it is saved on the host, and do `work` with it before
 * anything newer takes its place.
 *
 * @returns `undefined` where it is not saved on the host.
 */
export async function saveNow<T>(
  engine: Engine,
  record: SessionRecord,
  signal: AbortSignal | undefined,
  work: (saved: Collected, signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const backend = await engine.backendOf(record);
  if (backend.salvage?.store !== null) return undefined;
  const lock = engine.store.path(record.sessionId, "saved.lock");
  return withLock(lock, { retryMs: LOCK_RETRY_MS, signal }, async (held) => {
    const guest = await guestOf(engine, record);
    engine.step("collect", record.sessionId, "bringing what the agent did so far");
    return work(await save(engine, record, guest, held), held);
  });
}

function save(
  engine: Engine,
  record: SessionRecord,
  guest: Guest,
  signal: AbortSignal,
): Promise<Collected> {
  const replacing = (facts: Pick<Collected, "salvage">): Promise<void> =>
    keepFrom(engine, record, facts);
  return collect(engine, record, guest, { to: "saved", signal, replacing });
}

async function saveOnce(
  engine: Engine,
  record: SessionRecord,
  how: { readonly guest: Guest; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const folder = engine.store.path(record.sessionId, "saved");
  const saveIfOld = async (held: AbortSignal): Promise<void> => {
    const age = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => Infinity,
    );
    if (age < how.everyMs / 2) return;
    // A new guest that is not started yet holds less than what is saved.
    if (isBegun(await engine.store.read(record.sessionId))) return;
    await save(engine, record, how.guest, held);
  };
  try {
    await tryWithLock(`${folder}.lock`, saveIfOld, how.signal);
  } catch (error) {
    // An agent that deleted its repository leaves what was saved before.
    if (!(error instanceof SandboxError) || error.code !== "BUNDLE_GONE") throw error;
  }
}
