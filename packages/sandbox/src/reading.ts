import { guestOf } from "./box.js";
import { collect, collectedBefore, type Collected } from "./collect.js";
import type { Engine } from "./engine.js";
import { isBegun } from "./record.js";
import type { SessionView } from "./refresh.js";
import { lost } from "./running.js";
import { savedOf } from "./saved.js";

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
