import { fromBackend, guestOf } from "./box.js";
import { checkGuestId } from "./check-command.js";
import { collectedBefore, holdsWork } from "./collect.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { alone } from "./alone.js";
import type { SessionRecord } from "./record.js";
import { refreshOne, type SessionView } from "./refresh.js";
import { dropRefs } from "./refs.js";
import { dropSaved, savedOf } from "./saved.js";
import { sessionNotFound } from "./store.js";

/** {@link Sandbox.remove} */
export async function remove(
  engine: Engine,
  id: string,
  { force = false }: { readonly force?: boolean },
): Promise<void> {
  const found = await engine.store.load(id);
  if (found === undefined) throw sessionNotFound(id);
  if ("unreadable" in found) {
    if (!force) await engine.store.read(id);
    await engine.backend.closeGuest(id);
    await engine.store.remove(id);
    return;
  }
  await alone(engine, id, undefined, async () => {
    const record = await engine.store.read(id);
    if (!force) await refuseLoss(engine, await refreshOne(engine, record));
    await forget(engine, id, force);
  });
}

/** Remove all of a session; the caller has made sure that nothing is lost. */
export async function forget(engine: Engine, id: string, force: boolean): Promise<void> {
  const record = await engine.store.read(id);
  const backend = await engine.backendOf(record);
  try {
    await backend.closeGuest(checkGuestId(id));
    await backend.closeGuest(id);
    if (!record.released) await forgetSaved(engine, record, force);
  } catch (error) {
    throw fromBackend(error);
  }
  await dropRefs(engine, record, force);
  await engine.store.remove(id);
}

/** A store that is gone for good must not keep a session for ever. */
async function forgetSaved(engine: Engine, record: SessionRecord, force: boolean): Promise<void> {
  try {
    await dropSaved(engine, record);
  } catch (error) {
    if (!force) throw error;
    const why = error instanceof Error ? error.message : String(error);
    engine.note("release-failed", record.sessionId, `what it saved is still there: ${why}`);
  }
}

async function refuseLoss(engine: Engine, view: SessionView): Promise<void> {
  const id = view.record.sessionId;
  if (view.state === "running") {
    throw new SandboxError("SESSION_RUNNING", `session ${id} is running`, {
      hint: `stop it first: \`cco box cancel ${id}\`; --force removes it with all it did`,
    });
  }
  if (await hasUnpulledWork(engine, view)) {
    throw new SandboxError("UNPULLED_WORK", `session ${id} has work that was not pulled`, {
      hint: `bring it: \`cco box pull ${id}\`; --force throws it away`,
    });
  }
}

/** Whether removing a session that does not run would lose anything the agent did. */
export async function hasUnpulledWork(
  engine: Engine,
  { record, state }: SessionView,
): Promise<boolean> {
  if (record.pulled) return false;
  if ((record.result?.commits ?? 0) > 0 || record.result?.salvaged === true) return true;
  if (state === "prepared" && record.end === null) return false;
  const collected = await (state === "lost"
    ? savedOf(engine, record)
    : collectedBefore(engine, record));
  if (state === "lost" && collected === null) return false;
  if (collected !== null) return collected.hasResult || collected.salvage !== "none";
  const guests = await (await engine.backendOf(record)).guests();
  if (!guests.has(record.sessionId)) return false;
  return holdsWork(record.baseCommit, await guestOf(engine, record));
}
