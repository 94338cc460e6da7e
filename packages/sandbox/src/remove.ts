import type { SandboxBackend } from "@cco/backend";

import { fromBackend, guestOf } from "./box.js";
import { checkGuestId } from "./check-command.js";
import { collectedBefore, holdsWork } from "./collect.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { alone } from "./alone.js";
import { keptOf } from "./kept.js";
import { refreshOne, type SessionView } from "./refresh.js";
import { dropRefs, hasResult, whereItIs } from "./refs.js";
import { isOnlyInStore, savedOf } from "./saved.js";
import { sessionNotFound, type StoredSession } from "./store.js";

/** {@link Sandbox.remove} */
export async function remove(
  engine: Engine,
  id: string,
  { force = false }: { readonly force?: boolean },
): Promise<void> {
  const found = await engine.store.load(id);
  if (found === undefined) {
    if (!force) throw sessionNotFound(id);
    await removeOrphan(engine, id);
    return;
  }
  await alone(engine, id, undefined, async () => {
    const now = await engine.store.load(id);
    if (force && now !== undefined && "unreadable" in now) {
      await forgetUnreadable(engine, now);
      return;
    }
    const record = await engine.store.read(id);
    if (!force) await refuseLoss(engine, await refreshOne(engine, record));
    await forget(engine, id, force);
  });
}

/** Remove all of a session; the caller has made sure that nothing is lost. */
export async function forget(engine: Engine, id: string, force: boolean): Promise<void> {
  const record = await engine.store.read(id);
  const backend = await engine.backendOf(record);
  await closeGuests(engine, backend, id, { force, saved: !record.released });
  await dropRefs(engine, record, force);
  await engine.store.remove(id);
}

/** A guest in the box that was asked for, whose session has no record here. */
async function removeOrphan(engine: Engine, id: string): Promise<void> {
  // An account on another machine may be shared: what was not sent from here is another's.
  if (engine.host !== null && !(await engine.store.given()).has(id)) throw sessionNotFound(id);
  const here = await engine.backend.guests(id).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    const message = `no session ${id}, and the ${engine.backend.name} box cannot be asked: ${why}`;
    const hint = "run it again when the box answers; --backend NAME asks another";
    throw new SandboxError("SESSION_NOT_FOUND", message, { hint, cause: error });
  });
  if (!here.has(id)) throw sessionNotFound(id);
  await closeGuests(engine, engine.backend, id, { force: true, saved: true });
  await engine.store.remove(id);
}

/** What can be read of its record may say which box it is in. */
async function forgetUnreadable(
  engine: Engine,
  { id, place }: Extract<StoredSession, { readonly unreadable: string }>,
): Promise<void> {
  const backend = place === undefined ? engine.backend : await engine.backendOf(place);
  await closeGuests(engine, backend, id, { force: true, saved: true });
  await engine.store.remove(id);
  if (place !== undefined) return;
  const message = `its record did not say where it was: only the ${backend.name} box was looked into; what another has is removed by \`cco box rm ${id} --force --backend NAME\``;
  engine.note("warning", id, message);
}

async function closeGuests(
  engine: Engine,
  backend: SandboxBackend,
  id: string,
  { force, saved }: { readonly force: boolean; readonly saved: boolean },
): Promise<void> {
  try {
    await backend.closeGuest(checkGuestId(id));
    await backend.closeGuest(id);
    if (saved) await forgetSaved(engine, backend, id, force);
  } catch (error) {
    throw fromBackend(error);
  }
}

/** A store that is gone for good must not keep a session for ever. */
async function forgetSaved(
  engine: Engine,
  backend: SandboxBackend,
  id: string,
  force: boolean,
): Promise<void> {
  try {
    await backend.salvage?.store?.remove(id);
  } catch (error) {
    if (!force) throw error;
    const why = error instanceof Error ? error.message : String(error);
    engine.note("release-failed", id, `what it saved is still there: ${why}`);
  }
}

async function refuseLoss(engine: Engine, view: SessionView): Promise<void> {
  const id = view.record.sessionId;
  if (view.state === "running") {
    throw new SandboxError("SESSION_RUNNING", `session ${id} is running`, {
      hint: `stop it first: \`cco box cancel ${id}\`; --force removes it with all it did`,
    });
  }
  const kept = await keptOf(engine, id);
  if (kept.length > 0) {
    const what = `session ${id} has uncommitted work that was not taken in`;
    throw new SandboxError("UNPULLED_WORK", what, {
      hint: `it is in ${kept.join(", ")}; --force throws it away`,
    });
  }
  if (await isOnRefsAlone(engine, view)) {
    throw new SandboxError(
      "UNPULLED_WORK",
      `session ${id} is lost, and a snapshot of it was not pulled`,
      {
        hint: whereItIs(view.record),
      },
    );
  }
  if (await hasUnpulledWork(engine, view)) {
    throw new SandboxError("UNPULLED_WORK", `session ${id} has work that was not pulled`, {
      hint: `bring it: \`cco box pull ${id}\`; --force throws it away`,
    });
  }
}

/** Whether there is nothing to pull, and something that a snapshot brought. */
async function isOnRefsAlone(engine: Engine, { record, state }: SessionView): Promise<boolean> {
  if (record.pulled || state !== "lost" || !hasResult(record)) return false;
  return (await savedOf(engine, record)) === null;
}

/** Whether {@link hasUnpulledWork} would look into a store of the session's backend. */
export async function asksStore(engine: Engine, { record, state }: SessionView): Promise<boolean> {
  if (state !== "lost" || record.pulled || hasResult(record)) return false;
  if ((await keptOf(engine, record.sessionId)).length > 0) return false;
  return isOnlyInStore(engine, record);
}

/** Whether removing a session that does not run would lose anything the agent did. */
export async function hasUnpulledWork(
  engine: Engine,
  { record, state }: SessionView,
): Promise<boolean> {
  if ((await keptOf(engine, record.sessionId)).length > 0) return true;
  if (record.pulled) {
    if (record.left !== "box") return false;
    return (await (await engine.backendOf(record)).guests(record.sessionId)).has(record.sessionId);
  }
  if (hasResult(record)) return true;
  if (state === "prepared" && record.end === null) return false;
  const collected = await (state === "lost"
    ? savedOf(engine, record)
    : collectedBefore(engine, record));
  if (state === "lost" && collected === null) return false;
  if (collected !== null) return collected.hasResult || collected.salvage !== "none";
  const guests = await (await engine.backendOf(record)).guests(record.sessionId);
  if (!guests.has(record.sessionId)) return false;
  return holdsWork(record.baseCommit, await guestOf(engine, record));
}
