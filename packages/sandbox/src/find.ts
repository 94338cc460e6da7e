import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { refresh, refreshOne, toSession } from "./refresh.js";
import type { SessionRecord } from "./record.js";
import type { Session } from "./session.js";
import { checkedPrefix, isSessionId } from "./session-id.js";
import { sessionNotFound } from "./store.js";

/** {@link Sandbox.get} */
export async function get(engine: Engine, id: string): Promise<Session> {
  return toSession(await refreshOne(engine, await engine.store.read(wholeId(id))));
}

/** @throws {SandboxError} `SESSION_ID_MALFORMED`, `SESSION_NOT_FOUND`: `text` is no whole id. */
export function wholeId(text: string): string {
  const id = checkedPrefix(text);
  if (!isSessionId(id)) throw sessionNotFound(id);
  return id;
}

/** {@link Sandbox.idOf} */
export async function idOf(engine: Engine, prefixOrId: string): Promise<string> {
  const prefix = checkedPrefix(prefixOrId);
  if (isSessionId(prefix)) return (await engine.store.read(prefix)).sessionId;
  const named = (await engine.store.ids()).filter((id) => id.startsWith(prefix));
  const stored = await Promise.all(named.map((id) => engine.store.load(id)));
  const candidates = stored.filter((found) => found !== undefined);
  const [only, ...others] = candidates;
  if (only === undefined) throw sessionNotFound(prefix);
  if (others.length > 0) {
    const ids = candidates.map(({ id }) => id).join(", ");
    throw new SandboxError("SESSION_ID_AMBIGUOUS", `${prefix} may be any of: ${ids}`, {
      hint: "name more of the id",
    });
  }
  return (await engine.store.read(only.id)).sessionId;
}

/** {@link Sandbox.ids} */
export async function ids(engine: Engine): Promise<readonly string[]> {
  return (await engine.store.all()).map(({ id }) => id);
}

/** {@link Sandbox.list} */
export async function list(
  engine: Engine,
  { repo }: { readonly repo?: string },
): Promise<readonly Session[]> {
  const records: SessionRecord[] = [];
  for (const found of await engine.store.all()) {
    if ("record" in found) {
      if (repo === undefined || found.record.repo === repo) records.push(found.record);
    } else {
      const path = engine.store.path(found.id, "session.json");
      engine.note("unreadable-session", found.id, `${path} cannot be read: ${found.unreadable}`);
    }
  }
  return (await refresh(engine, records)).map(toSession);
}
