import { BackendError, type End, type GuestState, type SandboxBackend } from "@cco/backend";

import type { Engine } from "./engine.js";
import { guestOf } from "./box.js";
import { readOutput, saysAnything, type OutputSays } from "./ending.js";
import type { RecordedEnd, SessionRecord } from "./record.js";
import type { Session, SessionState } from "./session.js";

/** A record and what the box says of it now. */
export interface SessionView {
  readonly record: SessionRecord;
  readonly state: SessionState;
  /** Why it is lost, or failed until its box is started; else the recorded end says it. */
  readonly lost: Extract<GuestState, { kind: "lost" }>["reason"] | "box-stopped" | null;
  /** The box's own words: why it is lost, or what it waits for. */
  readonly detail?: string;
  readonly startedAt: string | null;
  /** While it runs: what for it waits, as its guest claims. */
  readonly waiting?: Session["waiting"];
  readonly resumesAt?: string | null;
  /** It waits for a person because its login was refused. */
  readonly refused?: boolean;
}

/** Asks each box once, for all its sessions or for one. */
class Boxes {
  readonly #asked = new Map<SandboxBackend, Promise<ReadonlyMap<string, GuestState>>>();
  readonly #told = new Set<string>();
  readonly #engine: Engine;
  readonly #only: string | undefined;

  constructor(engine: Engine, only?: string) {
    this.#engine = engine;
    this.#only = only;
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
    const backend = await this.#engine.backendOf(record);
    const guests = this.#asked.get(backend) ?? backend.guests(this.#only);
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
  return look(engine, record, new Boxes(engine, record.sessionId));
}

async function look(engine: Engine, record: SessionRecord, boxes: Boxes): Promise<SessionView> {
  if (record.end !== null || record.pulled) return finished(record);
  return judge(engine, record, await boxes.stateOf(record));
}

/** The session as people and scripts see it. */
export function toSession(view: SessionView): Session {
  const { record, state, lost, startedAt } = view;
  const pending = state === "prepared" ? view.detail : undefined;
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
    waiting: view.waiting ?? null,
    resumesAt: view.resumesAt ?? null,
    exitCode: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    endedBy: end?.endedBy ?? null,
    reason: lost ?? end?.reason ?? (view.refused === true ? "not-logged-in" : (pending ?? null)),
    createdAt: record.createdAt,
    startedAt: end?.startedAt ?? startedAt,
    endedAt: end?.endedAt ?? null,
    pane: record.pane,
    command: record.command,
    pulled: record.pulled,
    result: record.result,
    usage: record.usage,
  };
}

function finished(record: SessionRecord): SessionView {
  const { loss, launchedAt } = record;
  if (record.end === null && loss !== null) {
    return {
      record,
      state: "lost",
      lost: loss.reason,
      ...(loss.why === null ? {} : { detail: loss.why }),
      startedAt: launchedAt,
    };
  }
  return { record, state: record.end?.state ?? "prepared", lost: null, startedAt: null };
}

/** A session, by what its box said of it. An end is written down. */
export async function judge(
  engine: Engine,
  record: SessionRecord,
  state: GuestState | undefined,
): Promise<SessionView> {
  if (state === undefined || state.kind === "absent") {
    return { record, state: "lost", lost: "box-gone", startedAt: record.launchedAt };
  }
  switch (state.kind) {
    case "lost":
      return {
        record,
        state: "lost",
        lost: state.reason,
        detail: state.why,
        startedAt: record.launchedAt,
      };
    case "pending":
      return { record, state: "prepared", lost: null, detail: state.why, startedAt: null };
    case "idle":
      return { record, state: "prepared", lost: null, startedAt: null };
    case "running":
      return {
        record,
        state: "running",
        lost: null,
        startedAt: state.startedAt?.toISOString() ?? record.launchedAt,
        ...waitingOf(record, state),
      };
    case "ended":
      return finished(await recordEnd(engine, record, state));
  }
}

/** A turn's end is nothing where the agent is about to exit by itself. */
function waitingOf(
  record: SessionRecord,
  { waiting, resumesAt }: Extract<GuestState, { kind: "running" }>,
): Pick<SessionView, "waiting" | "resumesAt" | "refused"> {
  if (waiting === undefined) return {};
  if (waiting === "usage-limit") return { waiting, resumesAt: resumesAt?.toISOString() ?? null };
  if (!record.staysOpen) return {};
  return waiting === "login" ? { waiting: "person", refused: true } : { waiting };
}

async function recordEnd(
  engine: Engine,
  record: SessionRecord,
  { end, startedAt }: Extract<GuestState, { kind: "ended" }>,
): Promise<SessionRecord> {
  const says = await outputOf(engine, record);
  return engine.store.update(record.sessionId, (now) => ({
    end: now.end ?? recorded(now, { end, startedAt, says }),
    usage: now.usage ?? says.usage,
  }));
}

/** What the output says of the end. Of an agent whose profile is gone, nothing. */
async function outputOf(engine: Engine, record: SessionRecord): Promise<OutputSays> {
  const nothing: OutputSays = { usage: null, failure: null };
  const profile = engine.profiles().find(({ name }) => name === record.agent);
  if (!saysAnything(profile)) return nothing;
  return readOutput(profile, await guestOf(engine, record), record.tty).catch(() => nothing);
}

interface SeenEnd {
  readonly end: End;
  readonly startedAt: Date | null;
  readonly says: OutputSays;
}

function recorded(record: SessionRecord, { end, startedAt, says }: SeenEnd): RecordedEnd {
  const exited = end.reason === "exit";
  const good = exited && end.exitCode === 0 && (record.tty || says.failure === null);
  const cancelled = record.cancelledAt !== null;
  const turnOver = !cancelled && record.finishedAt !== null;
  const reason = exited ? (says.failure ?? end.reason) : end.reason;
  return {
    state: cancelled ? "cancelled" : good || turnOver ? "succeeded" : "failed",
    // What it was stopped with when its turn was over says nothing.
    exitCode: turnOver ? null : end.exitCode,
    signal: turnOver ? null : end.signal,
    endedBy: end.endedBy,
    reason: good || cancelled || turnOver ? null : reason,
    startedAt: startedAt?.toISOString() ?? record.launchedAt,
    endedAt: end.endedAt?.toISOString() ?? null,
  };
}
