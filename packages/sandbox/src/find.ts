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

/** {@link Sandbox.find} */
export async function find(
  engine: Engine,
  prefixOrId: string,
  { repo }: { readonly repo?: string },
): Promise<Session> {
  const prefix = checkedPrefix(prefixOrId);
  if (isSessionId(prefix)) return get(engine, prefix);
  const stored = await engine.store.all();
  const candidates = stored.filter(
    (found) =>
      found.id.startsWith(prefix) &&
      (repo === undefined || ("record" in found && found.record.repo === repo)),
  );
  const [only, ...others] = candidates;
  if (only === undefined) throw sessionNotFound(prefix);
  if (others.length > 0) {
    const ids = candidates.map(({ id }) => id).join(", ");
    throw new SandboxError("SESSION_ID_AMBIGUOUS", `${prefix} may be any of: ${ids}`, {
      hint: "name more of the id",
    });
  }
  return get(engine, only.id);
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
