import { rm } from "node:fs/promises";

import { Repo } from "@cco/git";

import { alone } from "./alone.js";
import { fromBackend, guestOf } from "./box.js";
import { runCheck } from "./check-command.js";
import { collect, collectedBefore, dropCollected, type Collected } from "./collect.js";
import type { Engine } from "./engine.js";
import { interrupted, isAbort, throwIfInterrupted } from "./failures.js";
import { printable } from "./intake/index.js";
import { dropKept, keptOf } from "./kept.js";
import { land, requireBranchName } from "./land.js";
import type { PullOptions } from "./options.js";
import { planTitle } from "./plan.js";
import { isBegun, type SessionRecord } from "./record.js";
import { mayRestart } from "./restart.js";
import { refreshOne, toSession, type SessionView } from "./refresh.js";
import type { Landed, PulledSession } from "./reports.js";
import { lost, waitForEnd } from "./running.js";
import { dropSaved, savedOf, saveNow } from "./saved.js";
import { takeIn } from "./take-in.js";

const DEFAULT_TIMEOUT_MS = 30 * 60_000;

/** {@link Sandbox.pull} */
export async function pull(
  engine: Engine,
  id: string,
  options: PullOptions,
): Promise<PulledSession> {
  const { signal } = options;
  try {
    // Before the wait, not after it.
    if (options.to !== undefined) requireBranchName(options.to);
    if (options.snapshot === true) {
      return await alone(engine, id, signal, (held) =>
        snapshot(engine, id, { ...options, signal: held }),
      );
    }
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const until = Date.now() + timeoutMs;
    for (;;) {
      const left = timeoutMs === 0 ? 0 : Math.max(1, until - Date.now());
      await waitForEnd(engine, id, {
        timeoutMs: left,
        ...(signal === undefined ? {} : { signal }),
      });
      const pulled = await alone(engine, id, signal, (held) =>
        bring(engine, id, { ...options, signal: held }),
      );
      // A turn that was over may be followed by another.
      if (pulled !== null) return pulled;
    }
  } catch (error) {
    if (isAbort(error, signal)) throw interrupted(error);
    throw fromBackend(error);
  }
}

async function snapshot(engine: Engine, id: string, options: PullOptions): Promise<PulledSession> {
  const view = await refreshOne(engine, await engine.store.read(id));
  if (view.record.pulled) return already(engine, view.record, options);
  const taken = await takeSnapshot(engine, view, options);
  engine.note("snapshot", id, `what there is so far is on ${taken.result?.ref ?? ""}`);
  const session = toSession(await refreshOne(engine, taken));
  return { ...session, landed: null, alreadyPulled: false };
}

/** Take in what a session holds now; the session itself goes on. */
export async function takeSnapshot(
  engine: Engine,
  view: SessionView,
  options: PullOptions,
): Promise<SessionRecord> {
  const { record } = view;
  const id = record.sessionId;
  const repo = await Repo.openMain(engine.runner, record.repo);
  const take = async (
    collected: Collected,
    signal: AbortSignal | undefined,
  ): Promise<SessionRecord> => {
    const result = await takeIn(engine, record, repo, collected, { ...options, signal });
    return engine.store.update(id, () => ({ result }));
  };
  try {
    // What is saved is never older than what was shown.
    const saved =
      view.state === "running" ? await saveNow(engine, record, options.signal, take) : undefined;
    return (
      saved ?? (await take(await collectForReading(engine, view, options.signal), options.signal))
    );
  } finally {
    await rm(engine.store.path(id, "snapshot"), { recursive: true, force: true });
  }
}

/**
 * What a session holds now, on the host: after its end what was brought once, before it a
 * snapshot, which the caller removes.
 *
 * @throws {SandboxError} `SESSION_LOST`
 */
export async function collectForReading(
  engine: Engine,
  view: SessionView,
  signal: AbortSignal | undefined,
): Promise<Collected> {
  const before = view.record.end === null ? null : await collectedBefore(engine, view.record);
  if (before !== null) return before;
  // A new guest that is not started yet holds less than what is saved.
  const less = isBegun(view.record) && view.state === "prepared";
  if (view.state === "lost" || less) return savedOfLost(engine, view, signal);
  return collectNow(engine, view, signal);
}

/** What was saved of a session before its guest was lost. @throws {SandboxError} `SESSION_LOST`: nothing */
async function savedOfLost(
  engine: Engine,
  view: SessionView,
  signal: AbortSignal | undefined,
): Promise<Collected> {
  const saved = await savedOf(engine, view.record, signal);
  if (saved === null) throw lost(view);
  const when = saved.final ? "after its agent's end" : "while it ran, and may miss the last of it";
  engine.note(
    "saved",
    view.record.sessionId,
    `the session is lost (${view.lost ?? "box-gone"}); this was saved ${when}`,
  );
  return saved;
}

async function collectNow(
  engine: Engine,
  view: SessionView,
  signal: AbortSignal | undefined,
): Promise<Collected> {
  const { record } = view;
  const guests = await (await engine.backendOf(record)).guests(record.sessionId);
  if (!guests.has(record.sessionId)) throw lost({ ...view, lost: "box-gone" });
  const guest = await guestOf(engine, record);
  engine.step("collect", record.sessionId, "bringing what the agent left");
  return collect(engine, record, guest, {
    to: record.end === null ? "snapshot" : "collected",
    signal,
  });
}

/** Take in, check, land, give back. What an earlier, interrupted call did is not done again. */
async function bring(
  engine: Engine,
  id: string,
  options: PullOptions,
): Promise<PulledSession | null> {
  let view = await refreshOne(engine, await engine.store.read(id));
  if (view.record.pulled) return already(engine, view.record, options);
  if (mayRestart(view)) return null;
  if (view.state === "running") {
    if (view.waiting !== "finished") return null;
    view = await stopFinished(engine, view);
  }
  const { record } = view;
  const before = await collectedBefore(engine, record);
  if (before === null && view.state !== "lost") await tellEnd(engine, view);

  const repo = await Repo.openMain(engine.runner, record.repo);
  const collected = before ?? (await collectForReading(engine, view, options.signal));
  throwIfInterrupted(options.signal);
  const result = await takeIn(engine, record, repo, collected, options);
  await engine.store.update(id, () => ({ result }));
  if (result.salvaged || collected.salvage === "none") await dropKept(engine, record);
  throwIfInterrupted(options.signal);

  const landed =
    result.commits === 0
      ? noCommits(engine, id)
      : await move(engine, record, repo, result.tip, options);
  const loss = lossOf(view);
  const pulled = await engine.store.update(id, () => ({ pulled: true, landing: landed, loss }));
  const released = await release(engine, pulled, options.keep ?? false);
  const session = toSession(await refreshOne(engine, released));
  return { ...session, landed, alreadyPulled: false };
}

/** Written down: the next look at the box has nothing to say of it. */
function lossOf({ state, lost: reason, detail }: SessionView): SessionRecord["loss"] {
  if (state !== "lost" || reason === null || reason === "box-stopped") return null;
  return { reason, why: detail ?? null };
}

/** The turn is over: that is the end. What is there was kept before; it is collected once more after. */
async function stopFinished(engine: Engine, { record }: SessionView): Promise<SessionView> {
  const id = record.sessionId;
  engine.step("stop", id, `stopping ${record.agent}, whose turn is over`);
  await engine.store.update(id, (now) => ({
    finishedAt: now.finishedAt ?? new Date().toISOString(),
  }));
  await (await guestOf(engine, record)).stop();
  return refreshOne(engine, await engine.store.read(id));
}

async function move(
  engine: Engine,
  record: SessionRecord,
  repo: Repo,
  tip: string,
  options: PullOptions,
): Promise<Landed> {
  const { check, timeoutMs, signal, strategy = "ff" } = options;
  if (check !== undefined) {
    // A limit of 0 is about the agent's end, which is past.
    const limit = timeoutMs === 0 ? undefined : timeoutMs;
    await runCheck(engine, record, repo, { command: check, tip, timeoutMs: limit, signal });
    throwIfInterrupted(signal);
  }
  const own = record.snapshotOf !== null && strategy !== "rebase";
  const to = options.to ?? (own ? `cco/${record.sessionId}` : undefined);
  engine.step("land", record.sessionId, `advancing ${to ?? record.branch}`);
  const report = await land({
    repo,
    sessionId: record.sessionId,
    branch: record.branch,
    to,
    base: record.baseCommit,
    tip,
    strategy,
    snapshotCommit: record.snapshotOf === null ? undefined : record.baseCommit,
    planTitle: planTitle(record.plan),
    signal,
  });
  return { branch: report.branch, from: report.before, tip: report.after };
}

function noCommits(engine: Engine, id: string): null {
  engine.note("no-commits", id, "the agent made no commit on its branch; nothing to land");
  return null;
}

async function already(
  engine: Engine,
  record: SessionRecord,
  { keep = false }: PullOptions,
): Promise<PulledSession> {
  engine.note("already-pulled", record.sessionId, `session ${record.sessionId} is already pulled`);
  // One that was interrupted right after landing still has its copy.
  const released = record.released ? record : await release(engine, record, keep);
  return {
    ...toSession(await refreshOne(engine, released)),
    landed: null,
    alreadyPulled: true,
  };
}

/** Give the guest back; its result is safe. A failure here is a note: `gc` tries again. */
async function release(
  engine: Engine,
  record: SessionRecord,
  keep: boolean,
): Promise<SessionRecord> {
  const id = record.sessionId;
  await dropCollected(engine, id);
  for (const folder of await keptOf(engine, id)) {
    engine.note("kept", id, `uncommitted work that was not taken in stays in ${folder}`);
  }
  if (keep) {
    engine.note("kept", id, "the box's copy is kept");
    return record;
  }
  engine.step("release", id, "giving the box's copy back");
  try {
    await (await engine.backendOf(record)).closeGuest(id);
    await dropSaved(engine, record);
    await rm(engine.store.path(id, "input.bundle"), { force: true });
    return await engine.store.update(id, () => ({ released: true }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    engine.note("release-failed", id, `its copy in the box is still there: ${why}`);
    return record;
  }
}

/** What a person should know of how it ended, with the agent's last words where it failed. */
async function tellEnd(engine: Engine, { record }: SessionView): Promise<void> {
  const { sessionId: id, end } = record;
  if (end === null) return;
  if (end.endedBy === "claimed") {
    engine.note("claimed-end", id, "how it ended is what its box says; nobody outside saw it");
  }
  if (end.state === "succeeded") return;
  const how =
    end.reason === "exit" ? `exit code ${String(end.exitCode)}` : (end.reason ?? end.state);
  engine.note(
    "agent-failed",
    id,
    `the agent ended badly (${how})${await lastWords(engine, record)}`,
  );
}

async function lastWords(engine: Engine, record: SessionRecord): Promise<string> {
  try {
    if (!(await (await engine.backendOf(record)).guests(record.sessionId)).has(record.sessionId))
      return "";
    const screen = await (await guestOf(engine, record)).terminal.capture();
    const lines = printable(screen, { multiline: true })
      .split("\n")
      .map((line) => line.trimEnd())
      .filter((line) => line !== "");
    return lines.length === 0 ? "" : `; its last words: ${lines.slice(-3).join(" / ")}`;
  } catch {
    return "";
  }
}
