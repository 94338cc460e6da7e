import { pipeline } from "node:stream/promises";

import type { Guest, GuestState } from "@cco/backend";
import { anySignal, RunError } from "@cco/exec";

import { fromBackend, guestOf } from "./box.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { interrupted, isAbort, throwIfInterrupted } from "./failures.js";
import { logFilter, newlineCounter } from "./log-filter.js";
import type { LogsOptions, WaitOptions } from "./options.js";
import { judge, refreshOne, toSession, type SessionView } from "./refresh.js";
import type { SessionRecord } from "./record.js";
import { hasResult, whereItIs } from "./refs.js";
import { giveUp, mayRestart, restart } from "./restart.js";
import { saveWhileWaiting } from "./saved.js";
import type { Session } from "./session.js";

interface Abortable {
  readonly signal?: AbortSignal;
}

/** {@link Sandbox.launch} */
export async function launch(engine: Engine, id: string, options: Abortable): Promise<Session> {
  const prepared = await fresh(engine, id);
  if (prepared !== undefined) return start(engine, prepared, options);
  const view = await present(engine, id);
  return view.state === "prepared" ? start(engine, view.record, options) : toSession(view);
}

async function start(engine: Engine, record: SessionRecord, options: Abortable): Promise<Session> {
  const { sessionId: id, agent, agentArgv } = record;
  engine.step("launch", id, `starting ${agent}`);
  const guest = await guestOf(engine, record);
  const state = await named(guest.terminal.start(agentArgv), options.signal);
  return launched(engine, id, state, null);
}

/** {@link Sandbox.confirmLaunch} */
export async function confirmLaunch(
  engine: Engine,
  id: string,
  { pane, signal }: Abortable & { readonly pane?: string },
): Promise<Session> {
  const record = (await fresh(engine, id)) ?? (await present(engine, id)).record;
  engine.step("launch", id, `waiting for ${record.agent} to start`);
  const guest = await guestOf(engine, record);
  const abortable = signal === undefined ? {} : { signal };
  const state = await named(guest.terminal.started(abortable), signal);
  return launched(engine, id, state, pane ?? null);
}

/** A session that was prepared here and not launched yet: its box need not be asked. */
async function fresh(engine: Engine, id: string): Promise<SessionRecord | undefined> {
  if (!engine.prepared.has(id)) return undefined;
  const record = await engine.store.read(id);
  return record.launchedAt === null && record.end === null ? record : undefined;
}

async function launched(
  engine: Engine,
  id: string,
  state: GuestState,
  pane: string | null,
): Promise<Session> {
  return toSession(await judge(engine, await launchedNow(engine, id, pane), state));
}

function launchedNow(engine: Engine, id: string, pane: string | null): Promise<SessionRecord> {
  return engine.store.update(id, (now) => ({
    launchedAt: now.launchedAt ?? new Date().toISOString(),
    pane: pane ?? now.pane,
  }));
}

/** {@link Sandbox.wait} */
export async function wait(engine: Engine, id: string, options: WaitOptions): Promise<Session> {
  return toSession(await waitForEnd(engine, id, options));
}

/** The session once it has ended, its turn is over, or it is lost. @throws as {@link Sandbox.wait} */
export async function waitForEnd(
  engine: Engine,
  id: string,
  { signal, timeoutMs }: WaitOptions,
): Promise<SessionView> {
  const limit = new AbortController();
  const timer =
    timeoutMs === undefined
      ? undefined
      : // Longer than a timer can count is no limit.
        setTimeout(
          () => {
            limit.abort();
          },
          Math.min(timeoutMs, 0x7fffffff),
        );
  const patience: Patience = { signal, limit: limit.signal, none: timeoutMs === 0 };
  try {
    for (;;) {
      const view = await waitOnce(engine, id, patience);
      if (view === undefined) continue;
      if (!mayRestart(view)) return view;
      await restartInTime(engine, id, patience);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** How long somebody waits. */
interface Patience {
  readonly signal: AbortSignal | undefined;
  /** Aborted when the time is up. */
  readonly limit: AbortSignal;
  /** Only a look. */
  readonly none: boolean;
}

/** What broke off at the limit is begun again by the next that waits. @throws {SandboxError} `WAIT_TIMED_OUT` */
async function restartInTime(
  engine: Engine,
  id: string,
  { signal, limit, none }: Patience,
): Promise<void> {
  const late = (cause?: unknown): SandboxError =>
    new SandboxError("WAIT_TIMED_OUT", `session ${id} is lost, and not started once more yet`, {
      hint: `who waits starts it: \`cco box wait ${id}\`; or give it up: \`cco box cancel ${id}\``,
      cause,
    });
  if (none) throw late();
  try {
    await restart(engine, id, anySignal(signal, limit));
  } catch (error) {
    const stopped = error instanceof SandboxError && error.code === "INTERRUPTED";
    throw stopped && signal?.aborted !== true ? late(error) : error;
  }
}

/** Of one of its starts. @returns `undefined`: another cco started it once more meanwhile */
async function waitOnce(
  engine: Engine,
  id: string,
  { signal, limit, none }: Patience,
): Promise<SessionView | undefined> {
  const view = await refreshOne(engine, await engine.store.read(id));
  if (mayRestart(view)) return view;
  if (view.state === "prepared" && view.record.end === null && !view.record.pulled) {
    throw notStarted(id);
  }
  if (view.state !== "running" || view.waiting === "finished") return view;
  if (none) throw timedOut(id);
  throwIfInterrupted(signal);
  // A start that broke off right after it.
  if (view.record.launchedAt === null) await launchedNow(engine, id, null);

  engine.step("wait", id, `waiting for ${view.record.agent} to end`);
  const over = new AbortController();
  let saving = Promise.resolve();
  let failure: unknown;
  try {
    const guest = await guestOf(engine, view.record);
    saving = saveWhileWaiting(engine, view.record, guest, over.signal);
    await untilEnd(view.record, guest, anySignal(signal, limit));
  } catch (error) {
    if (signal?.aborted === true) throw interrupted(error);
    if (limit.aborted) throw timedOut(id);
    failure = error;
  } finally {
    over.abort();
    await saving;
  }
  // Its box may have gone under it, or another cco started it once more.
  const now = await refreshOne(engine, await engine.store.read(id));
  if (now.record.attempt !== view.record.attempt) return undefined;
  if (failure !== undefined && now.state === "running") throw fromBackend(failure);
  return now;
}

/** Where the connection to the guest's machine breaks, the agent goes on: the wait begins anew. */
async function untilEnd(
  { staysOpen }: SessionRecord,
  guest: Guest,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      // Of one that exits at its end, what it says before is no end.
      if (staysOpen) await guest.terminal.settled({ signal });
      else await guest.ended({ signal });
      return;
    } catch (error) {
      if (!(error instanceof RunError) || error.code !== "CONNECTION_LOST") throw error;
    }
  }
}

/** {@link Sandbox.logs} */
export async function logs(
  engine: Engine,
  id: string,
  sink: NodeJS.WritableStream,
  { follow = false, raw = false, tail, signal }: LogsOptions,
): Promise<void> {
  const { record } = await present(engine, id);
  const { terminal } = await guestOf(engine, record);
  const abortable = signal === undefined ? {} : { signal };
  const stream = engine.profiles().find(({ name }) => name === record.agent)?.stream;
  const reader = raw || record.tty ? undefined : stream?.();
  let skipLines = 0;
  if (tail !== undefined) {
    // What is there is counted first: it only grows.
    const counter = newlineCounter();
    const counted = logFilter({ raw, skipLines: 0, reader });
    const counting = pipeline(counted, counter);
    await named(
      Promise.all([terminal.log(counted, abortable), counting]).then(() => undefined),
      signal,
    );
    skipLines = Math.max(0, counter.lines - tail);
  }
  const filter = logFilter({ raw, skipLines, reader });
  const shown = pipeline(filter, sink);
  // Both are awaited; the first failure is the one to tell.
  shown.catch((error: unknown) => {
    filter.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  await named(
    Promise.all([terminal.log(filter, { follow, ...abortable }), shown]).then(() => undefined),
    signal,
  );
}

/** {@link Sandbox.viewArgv} */
export async function viewArgv(engine: Engine, id: string): Promise<readonly string[]> {
  const view = await present(engine, id);
  if (view.state === "prepared") throw notStarted(id);
  return (await guestOf(engine, view.record)).terminal.viewArgv();
}

/** {@link Sandbox.send} */
export async function send(engine: Engine, id: string, text: string): Promise<void> {
  const view = await present(engine, id);
  if (view.state !== "running") throw notRunning(view);
  const guest = await guestOf(engine, view.record);
  await named(guest.terminal.send(text), undefined);
}

/** {@link Sandbox.cancel} */
export async function cancel(engine: Engine, id: string): Promise<Session> {
  const givenUp =
    (await engine.store.read(id)).retry === null
      ? undefined
      : await named(giveUp(engine, id), undefined);
  if (givenUp !== undefined) return toSession(givenUp);
  const view = await present(engine, id);
  if (view.state !== "running") throw notRunning(view);
  await engine.store.update(id, (now) => ({
    cancelledAt: now.end === null ? new Date().toISOString() : now.cancelledAt,
  }));
  const guest = await guestOf(engine, view.record);
  await named(guest.stop(), undefined);
  return toSession(await refreshOne(engine, await engine.store.read(id)));
}

/** A session whose bytes are there. @throws {SandboxError} `SESSION_LOST` */
async function present(engine: Engine, id: string): Promise<SessionView> {
  const record = await engine.store.read(id);
  const view = await refreshOne(engine, record);
  if (view.state === "lost" || record.released) throw lost(view);
  if (view.record.end === null && !record.pulled) return view;
  // An ended one was not asked for: openGuest would make an empty guest of one that is gone.
  const guests = await (await engine.backendOf(record)).guests(id);
  if (!guests.has(id)) throw lost({ ...view, lost: "box-gone" });
  return view;
}

/** The error for a session whose guest is gone. */
export function lost({ record, lost: word, detail }: SessionView): SandboxError {
  const id = record.sessionId;
  return record.pulled
    ? new SandboxError("SESSION_LOST", `session ${id} is pulled, and its copy in the box is gone`)
    : new SandboxError("SESSION_LOST", `session ${id} is lost: ${lossWords(word, detail)}`, {
        hint: hasResult(record) ? whereItIs(record) : `forget it: \`cco box rm ${id}\``,
      });
}

function lossWords(word: SessionView["lost"], detail: string | undefined): string {
  if (detail === undefined) return "its box no longer has it";
  return `${word ?? "box-gone"} (${detail})`;
}

function notStarted(id: string): SandboxError {
  return new SandboxError("NOT_RUNNING", `session ${id} was prepared, and never started`, {
    hint: `push again; forget this one: \`cco box rm ${id}\``,
  });
}

function notRunning({ record, state }: SessionView): SandboxError {
  const id = record.sessionId;
  if (state === "prepared" && record.end === null && !record.pulled) return notStarted(id);
  return new SandboxError("NOT_RUNNING", `session ${id} is not running: ${state}`, {
    hint: `bring what it left: \`cco box pull ${id}\``,
  });
}

function timedOut(id: string): SandboxError {
  return new SandboxError("WAIT_TIMED_OUT", `session ${id} is still running`, {
    hint: `it goes on; watch it: \`cco box logs -f ${id}\``,
  });
}

async function named<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isAbort(error, signal)) throw interrupted(error);
    throw fromBackend(error);
  }
}
