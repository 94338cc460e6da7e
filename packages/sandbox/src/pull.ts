import { rm } from "node:fs/promises";

import { Repo } from "@cco/git";

import { alone } from "./alone.js";
import { fromBackend, guestOf } from "./box.js";
import { runCheck } from "./check-command.js";
import { collectedBefore, type Collected } from "./collect.js";
import type { Engine } from "./engine.js";
import { interrupted, isAbort, throwIfInterrupted } from "./failures.js";
import { printable } from "./intake/index.js";
import { dropKept } from "./kept.js";
import { land, requireBranchName } from "./land.js";
import type { PullOptions } from "./options.js";
import { planTitle } from "./plan.js";
import { collectForReading } from "./reading.js";
import type { SessionRecord } from "./record.js";
import { already, leftOf, release } from "./release.js";
import { mayRestart } from "./restart.js";
import { refreshOne, toSession, type SessionView } from "./refresh.js";
import type { Landed, PulledSession } from "./reports.js";
import { waitForEnd } from "./running.js";
import { saveNow } from "./saved.js";
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
  const left = leftOf(view, collected, result);
  const pulled = await engine.store.update(id, () => ({
    pulled: true,
    landing: landed,
    loss,
    left,
  }));
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
