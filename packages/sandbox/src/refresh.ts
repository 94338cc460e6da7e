import { BackendError, type End, type GuestState, type SandboxBackend } from "@cco/backend";

import type { Engine } from "./engine.js";
import type { RecordedEnd, SessionRecord } from "./record.js";
import type { Session, SessionState } from "./session.js";

/** A record and what the box says of it now. */
export interface SessionView {
  readonly record: SessionRecord;
  readonly state: SessionState;
  /** Why it is lost, or failed until its box is started; else the recorded end says it. */
  readonly lost: "box-gone" | "box-stopped" | null;
  readonly startedAt: string | null;
}

/** Asks each box once. */
class Boxes {
  readonly #asked = new Map<SandboxBackend, Promise<ReadonlyMap<string, GuestState>>>();
  readonly #told = new Set<string>();
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The first of the sessions of a box that does not answer tells of it, for all. */
  tell(record: SessionRecord, error: unknown): void {
    const box = `${record.backend} ${record.box} ${record.host ?? ""}`;
    if (this.#told.has(box)) return;
    this.#told.add(box);
    const why = error instanceof Error ? error.message : String(error);
    const where = record.host === null ? "its box" : `the box on ${record.host}`;
    const message = `cannot ask ${where}: ${why}; its sessions are shown as they were`;
    this.#engine.note("warning", record.sessionId, message);
  }

  async stateOf(record: SessionRecord): Promise<GuestState | undefined> {
    const backend = this.#engine.backendOf(record);
    const guests = this.#asked.get(backend) ?? backend.guests();
    this.#asked.set(backend, guests);
    return (await guests).get(record.sessionId);
  }
}

/**
 * How sessions are now. One call to each box that has an unfinished one, none else. An end
 * seen here is written down. Nothing runs in a box that is stopped, and how its sessions ended is
 * known once it is started. Of a box that does not answer, a note; its sessions are shown as they
 * were last known.
 */
export async function refresh(
  engine: Engine,
  records: readonly SessionRecord[],
): Promise<readonly SessionView[]> {
  const boxes = new Boxes(engine);
  return Promise.all(
    records.map((record) =>
      look(engine, record, boxes).catch((error: unknown): SessionView => {
        if (error instanceof BackendError && error.code === "BOX_STOPPED") return stopped(record);
        boxes.tell(record, error);
        const state = record.launchedAt === null ? "prepared" : "running";
        return { record, state, lost: null, startedAt: record.launchedAt };
      }),
    ),
  );
}

function stopped(record: SessionRecord): SessionView {
  const state = record.launchedAt === null ? "prepared" : "failed";
  return { record, state, lost: "box-stopped", startedAt: record.launchedAt };
}

/** How one session is now. @throws where its box does not answer */
export function refreshOne(engine: Engine, record: SessionRecord): Promise<SessionView> {
  return look(engine, record, new Boxes(engine));
}

async function look(engine: Engine, record: SessionRecord, boxes: Boxes): Promise<SessionView> {
  if (record.end !== null || record.pulled) return finished(record);
  return judge(engine, record, await boxes.stateOf(record));
}

/** The session as people and scripts see it. */
export function toSession(view: SessionView): Session {
  const { record, state, lost, startedAt } = view;
  const { end } = record;
  return {
    sessionId: record.sessionId,
    repo: record.repo,
    branch: record.branch,
    plan: record.plan,
    backend: record.backend,
    agent: record.agent,
    host: record.host,
    box: record.box,
    baseCommit: record.baseCommit,
    state,
    waiting: null,
    resumesAt: null,
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    endedBy: end?.endedBy ?? null,
    reason: lost ?? end?.reason ?? null,
    createdAt: record.createdAt,
    startedAt: end?.startedAt ?? startedAt,
    endedAt: end?.endedAt ?? null,
    pane: record.pane,
    command: record.command,
    pulled: record.pulled,
    result: record.result,
  };
}

function finished(record: SessionRecord): SessionView {
  return { record, state: record.end?.state ?? "prepared", lost: null, startedAt: null };
}

async function judge(
  engine: Engine,
  record: SessionRecord,
  state: GuestState | undefined,
): Promise<SessionView> {
  if (state === undefined || state.kind === "absent") {
    return { record, state: "lost", lost: "box-gone", startedAt: record.launchedAt };
  }
  switch (state.kind) {
    case "idle":
      return { record, state: "prepared", lost: null, startedAt: null };
    case "running":
      return {
        record,
        state: "running",
        lost: null,
        startedAt: state.startedAt?.toISOString() ?? record.launchedAt,
      };
    case "ended":
      return finished(await recordEnd(engine, record, state));
  }
}

async function recordEnd(
  engine: Engine,
  record: SessionRecord,
  { end, startedAt }: Extract<GuestState, { kind: "ended" }>,
): Promise<SessionRecord> {
  return engine.store.update(record.sessionId, (now) => ({
    end: now.end ?? recorded(now, end, startedAt),
  }));
}

function recorded(record: SessionRecord, end: End, startedAt: Date | null): RecordedEnd {
  const good = end.reason === "exit" && end.exitCode === 0;
  const cancelled = record.cancelledAt !== null;
  return {
    state: cancelled ? "cancelled" : good ? "succeeded" : "failed",
    exitCode: end.exitCode,
    signal: end.signal,
    endedBy: end.endedBy,
    reason: good || cancelled ? null : end.reason,
    startedAt: startedAt?.toISOString() ?? record.launchedAt,
    endedAt: end.endedAt?.toISOString() ?? null,
  };
}
