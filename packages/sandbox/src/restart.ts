import { createReadStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";

import type { Guest } from "@cco/backend";
import { quoteArgv, readAsset } from "@cco/exec";
import { identity, NOBODY, Refs, Repo } from "@cco/git";

import { agentProfile } from "./agents/index.js";
import { alone } from "./alone.js";
import { fromBackend } from "./box.js";
import { credentialsOf, loginOf, requireLogin } from "./credentials.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { interrupted, isAbort, throwIfInterrupted } from "./failures.js";
import { userFiles } from "./home-files.js";
import { IntakeError, printable, salvageRef, sessionRef } from "./intake/index.js";
import { furnish } from "./prepare.js";
import type { Checked } from "./prepare-check.js";
import { dropKept, keepSaved } from "./kept.js";
import { isBegun, type SessionRecord } from "./record.js";
import { refreshOne, type SessionView } from "./refresh.js";
import { savedOf, type SavedWork } from "./saved.js";
import type { SessionResult } from "./session.js";
import { takeIn } from "./take-in.js";

/** What is not somebody's limit, but a guest that went without its agent's end. */
const RETRIED: ReadonlySet<SessionView["lost"]> = new Set(["evicted", "node-lost", "box-gone"]);

/** Whether who waits for a session starts it once more: it is lost, or such a start broke off. */
export function mayRestart({ record, state, lost }: SessionView): boolean {
  const { retry, attempt, launchedAt, end, pulled, cancelledAt } = record;
  if (retry === null || end !== null || pulled || cancelledAt !== null) return false;
  if (isBegun(record)) return state === "prepared" || (state === "lost" && RETRIED.has(lost));
  return state === "lost" && RETRIED.has(lost) && launchedAt !== null && attempt <= retry.times;
}

/**
 * Start a lost session once more, from what was saved of it, once that is checked and on the session's
 * refs. One of several that wait does it. One that ended before its guest was lost is not started.
 *
 * @throws as {@link Sandbox.prepare}; the next that waits begins again.
 */
export async function restart(
  engine: Engine,
  id: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await alone(engine, id, signal, async (held) => {
      const view = await refreshOne(engine, await engine.store.read(id));
      if (!mayRestart(view)) return;
      const repo = await Repo.openMain(engine.runner, view.record.repo);
      const from = await safeResult(engine, view, repo, held);
      if (from !== "not") await startAgain(engine, view, { repo, from, signal: held });
    });
  } catch (error) {
    throw isAbort(error, signal) ? interrupted(error) : fromBackend(error);
  }
}

/**
 * Start a lost session no more: from now on `pull` brings what was saved.
 *
 * @returns `undefined` where it was not lost, or is started already.
 */
export async function giveUp(engine: Engine, id: string): Promise<SessionView | undefined> {
  return alone(engine, id, undefined, async () => {
    const view = await refreshOne(engine, await engine.store.read(id));
    if (!mayRestart(view)) return undefined;
    const cancelledAt = new Date().toISOString();
    const record = await engine.store.update(id, () => ({ cancelledAt }));
    // A guest that was made and not started holds nothing.
    if (isBegun(record)) await (await engine.backendOf(record)).closeGuest(id);
    return refreshOne(engine, record);
  });
}

/** What it did so far, on the session's refs; `not`: it must not be started. */
async function safeResult(
  engine: Engine,
  { record }: SessionView,
  repo: Repo,
  signal: AbortSignal | undefined,
): Promise<SessionResult | null | "not"> {
  const id = record.sessionId;
  const saved = await savedOf(engine, record, signal);
  const no = async (why: string): Promise<"not"> => {
    engine.note("retried", id, `not started once more: ${why}`);
    await engine.store.update(id, () => ({
      retry: null,
      launchedAt: record.launchedAt ?? record.createdAt,
    }));
    return "not";
  };
  if (saved?.final === true) return no("its agent had ended, and its work is saved");
  try {
    const result =
      saved === null ? record.result : await takenIn(engine, record, repo, saved, signal);
    const unsent = await neverSent(repo, record, result);
    if (unsent === undefined) return result;
    return await no(`what it did is built on ${unsent}, an older commit than is sent`);
  } catch (error) {
    if (!(error instanceof IntakeError)) throw error;
    return no(`what was saved is refused: ${error.message}`);
  }
}

async function takenIn(
  engine: Engine,
  record: SessionRecord,
  repo: Repo,
  saved: SavedWork,
  signal: AbortSignal | undefined,
): Promise<SessionResult> {
  const result = await takeIn(engine, record, repo, saved, { signal });
  await engine.store.update(record.sessionId, () => ({ result }));
  // Then it was put beside, and the store has it by its start.
  const beside = saved.unordered && record.result !== null;
  if (result.salvaged) await dropKept(engine, record);
  else if (!beside && saved.salvage === "made") await tellKept(engine, record);
  return result;
}

/** A commit that a result needs in the guest and that is not sent: the agent had it from elsewhere. */
async function neverSent(
  { git }: Repo,
  { baseCommit: base, retry }: SessionRecord,
  result: SessionResult | null,
): Promise<string | undefined> {
  if (result === null || retry === null || retry.depth === "full") return undefined;
  const listed = async (...args: string[]): Promise<readonly string[]> =>
    (await git.text(["rev-list", "--boundary", ...args])).split("\n");
  const below = await listed(result.tip, `^${base}`);
  const needed = below.flatMap((line) => (line.startsWith("-") ? [line.slice(1)] : []));
  if (needed.every((sha) => sha === base)) return undefined;
  const lines = await listed(`--max-count=${String(retry.depth)}`, base);
  const sent = new Set(lines.map((line) => line.replace(/^-/, "")));
  return needed.find((sha) => !sent.has(sha));
}

/** The saves of the new start must not overwrite it. */
async function tellKept(engine: Engine, record: SessionRecord): Promise<void> {
  const folder = await keepSaved(engine, record);
  const message = `what was uncommitted is not in the new start; it stays in ${folder}`;
  engine.note("kept", record.sessionId, message);
}

async function startAgain(
  engine: Engine,
  { record, lost }: SessionView,
  {
    repo,
    from,
    signal,
  }: {
    readonly repo: Repo;
    readonly from: SessionResult | null;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const { sessionId: id, retry } = record;
  if (retry === null) return;
  const checked = await checkedAgain(engine, record, repo);
  const attempt = isBegun(record) ? record.attempt : record.attempt + 1;
  throwIfInterrupted(signal);
  await engine.store.update(id, () => ({ attempt, launchedAt: null, finishedAt: null }));
  const backend = await engine.backendOf(record);
  engine.step("launch", id, `lost (${lost ?? "broken off"}); starting it once more`);
  await backend.closeGuest(id);
  const { model, maxTurns, depth } = retry;
  const run = { model, maxTurns, tty: record.tty };
  const base = record.baseCommit;
  const where = { backend, id, base, run, depth, attempt, signal };
  const { guest, argv } = await furnish(engine, checked, where);
  if (from !== null) await resume(engine, repo, guest, { record, from, signal });
  await guest.terminal.start(argv);
  await engine.store.update(id, () => ({
    launchedAt: new Date().toISOString(),
    agentArgv: [...argv],
    command: quoteArgv(guest.terminal.launchArgv(argv)),
  }));
  const held =
    from === null ? "from the beginning" : `with what was saved (commits: ${String(from.commits)})`;
  const starts = `start ${String(attempt)} of at most ${String(retry.times + 1)}`;
  engine.note("retried", id, `the session was lost and is started once more, ${held} (${starts})`);
}

/** What prepare checks, from the record. @throws {SandboxError} `AGENT_*`, `CREDENTIALS_INVALID` */
async function checkedAgain(engine: Engine, record: SessionRecord, repo: Repo): Promise<Checked> {
  const planPath = record.retry?.planPath ?? record.plan;
  const content = await readFile(engine.store.path(record.sessionId, "plan"));
  const text = content.toString("utf8");
  const profile = agentProfile(record.agent, engine.agents);
  const ownFiles = await userFiles(engine.guestFiles);
  requireLogin(
    loginOf(
      profile,
      engine.env,
      ownFiles.map(({ path }) => path),
    ),
  );
  const { promises } = await engine.backendOf(record);
  return {
    profile,
    plan: { file: record.plan, content, text },
    planPath,
    files: (await profile.files?.({ path: planPath, text })) ?? [],
    ownFiles,
    credentials: credentialsOf(profile, engine.env, promises.relaysKeys === true),
    repo,
    branch: record.branch,
    head: record.snapshotOf ?? record.baseCommit,
    person: (await identity(repo.git)) ?? NOBODY,
    network: record.network,
  };
}

/** Only what intake let through goes back: a bundle of the session's own refs. */
async function resume(
  engine: Engine,
  repo: Repo,
  guest: Guest,
  {
    record,
    from,
    signal,
  }: {
    readonly record: SessionRecord;
    readonly from: SessionResult;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  const id = record.sessionId;
  const refs = new Refs(repo.git);
  const salvage = from.salvaged ? await refs.read(salvageRef(id)) : null;
  const names = [
    ...(from.tip === record.baseCommit ? [] : [sessionRef(id)]),
    ...(salvage === null ? [] : [salvageRef(id)]),
  ];
  if (names.length === 0) return;
  const file = engine.store.path(id, "resume.bundle");
  const abortable = signal === undefined ? {} : { signal };
  const failed = (words: string): SandboxError =>
    new SandboxError("TRANSFER_FAILED", `what was saved did not get into the new guest: ${words}`, {
      hint: `try again: \`cco box wait ${id}\``,
    });
  try {
    const args = ["bundle", "create", "-q", file, ...names, `^${record.baseCommit}`];
    const made = await repo.git.run(args, abortable);
    if (made.exitCode !== 0) throw failed(made.stderr.trim());
    const script = await readAsset(new URL("./resume.sh", import.meta.url));
    const { workspace, exchange } = guest.paths;
    const tip = from.tip === record.baseCommit ? "" : from.tip;
    const argv = ["sh", "-c", script, "resume", workspace, exchange, tip, salvage ?? ""];
    const done = await guest.exec(argv, { stdin: createReadStream(file), ...abortable });
    if (done.exitCode !== 0) throw failed(printable(done.stderr.trim()));
  } finally {
    await rm(file, { force: true });
  }
}
