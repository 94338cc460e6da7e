import type { GuestState, SandboxBackend } from "@cco/backend";

import { holdsWork } from "./collect.js";
import type { Engine } from "./engine.js";
import { tryWithLock } from "./lock.js";
import { refreshOne, type SessionView } from "./refresh.js";
import { asksStore, forget, hasUnpulledWork } from "./remove.js";
import type { GcItem, GcReport } from "./reports.js";
import { storeHoldsWork } from "./saved.js";
import { isSessionId } from "./session-id.js";
import type { StoredSession } from "./store.js";

const HOUR_MS = 3_600_000;
/** A session that was never started, or that holds nothing, is kept this long. */
const EXPIRES_MS = 24 * HOUR_MS;
/** A folder without a record that is younger may belong to a push that is under way. */
const UNDER_WAY_MS = HOUR_MS;

interface Verdict {
  readonly item: GcItem;
  /** What removes it; absent: it is kept. */
  readonly remove?: () => Promise<void>;
}

/** {@link Sandbox.gc} */
export async function gc(
  engine: Engine,
  { dryRun = false }: { readonly dryRun?: boolean },
): Promise<GcReport> {
  const verdicts = [...(await sessions(engine, dryRun)), ...(await orphans(engine, dryRun))];
  const removed: GcItem[] = [];
  const kept: GcItem[] = [];
  for (const { item, remove } of verdicts) {
    if (remove === undefined) kept.push(item);
    else if (dryRun || (await done(engine, item, remove))) removed.push(item);
    else kept.push(item);
  }
  return { removed, kept };
}

async function done(engine: Engine, item: GcItem, remove: () => Promise<void>): Promise<boolean> {
  try {
    await remove();
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    engine.note("release-failed", null, `${item.kind} ${item.id} was not removed: ${why}`);
    return false;
  }
}

async function sessions(engine: Engine, dryRun: boolean): Promise<readonly Verdict[]> {
  return Promise.all((await engine.store.all()).map((found) => judge(engine, found, dryRun)));
}

async function judge(engine: Engine, found: StoredSession, dryRun: boolean): Promise<Verdict> {
  const { id } = found;
  const kept = (why: string): Verdict => ({ item: { kind: "session", id, why } });
  if ("unreadable" in found) return kept("unreadable");
  const gone = (why: string): Verdict => ({
    item: { kind: "session", id, why },
    remove: () => forgetAlone(engine, id),
  });
  try {
    const view = await refreshOne(engine, found.record);
    if (dryRun && (await asksStore(engine, view))) return kept("not-looked-into");
    const why = await needed(engine, view);
    if (why !== null) return kept(why);
    if (found.record.pulled) return gone("pulled");
    return ageOf(view) > EXPIRES_MS ? gone("expired") : kept(view.state);
  } catch (error) {
    engine.note("warning", id, `cannot ask its box: ${String(error)}`);
    return kept("unreachable");
  }
}

async function needed(engine: Engine, view: SessionView): Promise<"running" | "unpulled" | null> {
  if (view.state === "running") return "running";
  return (await hasUnpulledWork(engine, view)) ? "unpulled" : null;
}

async function forgetAlone(engine: Engine, id: string): Promise<void> {
  const lock = engine.store.path(id, "pull.lock");
  const done = await tryWithLock(lock, async () => {
    // It may have been started, or started once more, since it was judged.
    const why = await needed(engine, await refreshOne(engine, await engine.store.read(id)));
    if (why !== null) throw new Error(`it is ${why} now`);
    await forget(engine, id, false);
  });
  if (done === undefined) throw new Error("another cco works on it");
}

function ageOf({ record }: SessionView): number {
  return Date.now() - Date.parse(record.end?.endedAt ?? record.createdAt);
}

/** Exchange folders without a record, and guests without either. */
async function orphans(engine: Engine, dryRun: boolean): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const known = new Set(await engine.store.ids());
  for (const id of known) {
    if ((await engine.store.load(id)) !== undefined) continue;
    if (((await engine.store.ageMs(id)) ?? 0) < UNDER_WAY_MS) continue;
    // Its guest is judged as one without a folder, in whichever box it is.
    known.delete(id);
    const item = { kind: "exchange", id, why: "orphaned" } as const;
    verdicts.push({ item, remove: () => engine.store.remove(id) });
  }
  for (const place of await places(engine)) {
    verdicts.push(...(await orphansIn(engine, place, known, dryRun)));
  }
  return verdicts;
}

/** A box, and the machine it is on. */
interface BoxPlace {
  readonly backend: SandboxBackend;
  readonly host: string | null;
}

/** The box that was asked for, and each that a session is in. */
async function places(engine: Engine): Promise<readonly BoxPlace[]> {
  const found = new Map<SandboxBackend, BoxPlace>();
  found.set(engine.backend, { backend: engine.backend, host: engine.host });
  for (const stored of await engine.store.all()) {
    if (!("record" in stored)) continue;
    // One that is not set up here any more was told of with its session.
    const backend = await engine.backendOf(stored.record).catch(() => undefined);
    if (backend !== undefined) found.set(backend, { backend, host: stored.record.host });
  }
  return [...found.values()];
}

async function orphansIn(
  engine: Engine,
  { backend, host }: BoxPlace,
  known: ReadonlySet<string>,
  dryRun: boolean,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const given = await engine.store.given();
  for (const [id, state] of await guestsOf(engine, backend, host)) {
    const owner = id.replace(/-check$/, "");
    // Only ids that this program gives; one that runs, or is about to, is somebody's.
    if (!isSessionId(owner) || known.has(owner)) continue;
    if (state.kind === "running" || state.kind === "pending") continue;
    // An account on another machine may be shared: what was not sent from here is another's.
    if (host !== null && !given.has(owner)) continue;
    if (dryRun && state.kind !== "ended" && (backend.salvage?.store ?? null) !== null) {
      verdicts.push({ item: { kind: "guest", id, why: "not-looked-into" } });
      continue;
    }
    const verdict = await judgeGuest(engine, backend, id, state);
    if (verdict.remove === undefined) tellHowToForget(engine, { backend, host }, id);
    verdicts.push(verdict);
  }
  return verdicts;
}

/** A guest that no session here has: of a box that is shared, another machine may have its record. */
async function judgeGuest(
  engine: Engine,
  backend: SandboxBackend,
  id: string,
  state: GuestState,
): Promise<Verdict> {
  const kept = (why: string): Verdict => ({ item: { kind: "guest", id, why } });
  try {
    const ask = state.kind === "ended" ? guestHoldsWork : storeHoldsWork;
    if (isSessionId(id) && (await ask(backend, id))) return kept("unpulled");
  } catch (error) {
    engine.note("warning", id, `cannot look into its guest: ${String(error)}`);
    return kept("unreachable");
  }
  return {
    item: { kind: "guest", id, why: "orphaned" },
    remove: async () => {
      await backend.closeGuest(id);
      if (isSessionId(id)) await backend.salvage?.store?.remove(id);
    },
  };
}

function tellHowToForget(engine: Engine, { backend, host }: BoxPlace, id: string): void {
  const where = `--backend ${backend.name}${host === null ? "" : ` --host ${host}`}`;
  const message = `no session here has guest ${id}; throw away what it holds: \`cco box rm ${id} --force ${where}\``;
  engine.note("kept", id, message);
}

/** What was pushed is known from the bundle that it was sent in. */
async function guestHoldsWork(backend: SandboxBackend, id: string): Promise<boolean> {
  const guest = await backend.openGuest(id);
  const bundle = `${guest.paths.exchange}/input.bundle`;
  const { stdout } = await guest.exec(["git", "bundle", "list-heads", bundle]);
  const base = /^([0-9a-f]{40}|[0-9a-f]{64}) /.exec(stdout.toString("latin1"))?.[1];
  return base === undefined || holdsWork(base, guest);
}

async function guestsOf(
  engine: Engine,
  backend: SandboxBackend,
  host: string | null,
): Promise<ReadonlyMap<string, GuestState>> {
  try {
    return await backend.guests();
  } catch (error) {
    const where = host === null ? "the box" : `the box on ${host}`;
    engine.note("warning", null, `cannot ask ${where} for its guests: ${String(error)}`);
    return new Map();
  }
}
