import { randomBytes } from "node:crypto";
import { appendFile, mkdir, open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { makeFolder } from "@cco/exec";

import { SandboxError } from "./errors.js";
import { errnoOf, notWritten } from "./failures.js";
import { RECORD, withLock } from "./lock.js";
import {
  parseRecord,
  placeIn,
  WRITTEN_BY_NEWER,
  type SessionPlace,
  type SessionRecord,
} from "./record.js";
import { isSessionId, newSessionId } from "./session-id.js";

/** Beside the exchange folders: the ids of all that were ever made, one a line. */
const GIVEN = "given";

/** A session of the store, or why it cannot be read. */
export type StoredSession =
  | { readonly id: string; readonly record: SessionRecord }
  | { readonly id: string; readonly unreadable: string; readonly place?: SessionPlace };

/** The host's sessions: `<dataDir>/exchange/<id>/session.json`, and what else lies beside it. */
export class SessionStore {
  readonly #root: string;

  constructor(dataDir: string) {
    this.#root = join(dataDir, "exchange");
  }

  /** A file of the session's exchange folder on the host, or the folder itself. */
  path(id: string, ...parts: string[]): string {
    if (!isSessionId(id)) throw new TypeError(`not a session id: ${JSON.stringify(id)}`);
    return join(this.#root, id, ...parts);
  }

  /** Make the exchange folder of a new session. @returns its id */
  async reserve(): Promise<string> {
    try {
      await makeFolder(this.#root, 0o700);
    } catch (error) {
      throw notWritten(error, this.#root);
    }
    for (;;) {
      const id = newSessionId();
      try {
        await mkdir(this.path(id), { mode: 0o700 });
        await appendFile(join(this.#root, GIVEN), `${id}\n`, { mode: 0o600 });
        return id;
      } catch (error) {
        if (errnoOf(error) !== "EEXIST") throw notWritten(error, this.#root);
      }
    }
  }

  /** Every id that {@link reserve} ever gave, those of forgotten sessions too. */
  async given(): Promise<ReadonlySet<string>> {
    try {
      return new Set((await readFile(join(this.#root, GIVEN), "utf8")).split("\n"));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return new Set();
      throw error;
    }
  }

  /** Write the record whole: a reader sees the old one or the new one. */
  async write(record: SessionRecord): Promise<void> {
    const target = this.path(record.sessionId, RECORD);
    const temporary = `${target}.${randomBytes(4).toString("hex")}`;
    try {
      const file = await open(temporary, "wx", 0o600);
      try {
        await file.writeFile(`${JSON.stringify(record, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      if (errnoOf(error) === "ENOENT") throw sessionNotFound(record.sessionId);
      throw notWritten(error, this.#root);
    }
  }

  /**
   * Change the record as it is on disk now. Two changes at once come one after the other.
   *
   * @returns the record after the change.
   */
  async update(
    id: string,
    change: (record: SessionRecord) => Partial<SessionRecord>,
  ): Promise<SessionRecord> {
    return withLock(this.path(id, "update.lock"), { retryMs: 5 }, async () => {
      const record = await this.read(id);
      const changed = { ...record, ...change(record) };
      await this.write(changed);
      return changed;
    });
  }

  /** @throws {SandboxError} `SESSION_NOT_FOUND`, `SESSION_UNREADABLE` */
  async read(id: string): Promise<SessionRecord> {
    const found = await this.load(id);
    if (found === undefined) throw sessionNotFound(id);
    if ("record" in found) return found.record;
    const what = `session ${id} cannot be read: ${found.unreadable}`;
    const hint = found.unreadable.startsWith(WRITTEN_BY_NEWER)
      ? "use the newer cco for it"
      : `look at ${this.path(id, RECORD)}`;
    throw new SandboxError("SESSION_UNREADABLE", what, { hint });
  }

  /** @returns `undefined` where there is no record. */
  async load(id: string): Promise<StoredSession | undefined> {
    let text: string;
    try {
      text = await readFile(this.path(id, RECORD), "utf8");
    } catch (error) {
      const code = errnoOf(error);
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      return { id, unreadable: code ?? String(error) };
    }
    const parsed = parseRecord(text);
    if (!parsed.ok) {
      const place = placeIn(text, id);
      return { id, unreadable: parsed.why, ...(place === undefined ? {} : { place }) };
    }
    if (parsed.record.sessionId !== id) return { id, unreadable: "it names another session" };
    return { id, record: parsed.record };
  }

  /** Ids of all exchange folders, those without a record too. */
  async ids(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#root)).filter(isSessionId);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    }
  }

  /** Every session that has a record, newest first; unreadable ones last. */
  async all(): Promise<readonly StoredSession[]> {
    const loaded = await Promise.all((await this.ids()).map((id) => this.load(id)));
    return loaded.filter((found) => found !== undefined).sort(newestFirst);
  }

  /** Milliseconds since something changed in the exchange folder; `null` where there is none. */
  async ageMs(id: string): Promise<number | null> {
    try {
      return Date.now() - (await stat(this.path(id))).mtimeMs;
    } catch {
      return null;
    }
  }

  /** Remove the exchange folder, the record first. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id, RECORD), { force: true });
    await rm(this.path(id), { recursive: true, force: true });
  }
}

/** The error for an id or prefix that no session has. */
export function sessionNotFound(id: string): SandboxError {
  return new SandboxError("SESSION_NOT_FOUND", `no session ${id}`, {
    hint: "see the sessions: `cco box ls`",
  });
}

function newestFirst(a: StoredSession, b: StoredSession): number {
  const created = (found: StoredSession): string =>
    "record" in found ? found.record.createdAt : "";
  return created(b).localeCompare(created(a)) || a.id.localeCompare(b.id);
}
