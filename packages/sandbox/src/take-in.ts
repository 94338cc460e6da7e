import { History, Refs, type Repo } from "@cco/git";

import type { Collected } from "./collect.js";
import { secretsOf } from "./credentials.js";
import type { Engine } from "./engine.js";
import {
  intake,
  IntakeError,
  isRule,
  salvageRef,
  sessionRef,
  type IntakeReport,
  type IntakeRequest,
  type Rule,
} from "./intake/index.js";
import type { SessionRecord } from "./record.js";
import type { Finding, FindingTier, SessionResult } from "./session.js";

export interface TakeInOptions {
  readonly allow?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Check what was collected and put it under the session's refs: first the commits, then
 * what was uncommitted, which never stands in their way.
 *
 * The refs never go back: where something older may have been collected, what they hold stays.
 *
 * @throws {IntakeError} `INTAKE_REFUSED`
 */
export async function takeIn(
  engine: Engine,
  record: SessionRecord,
  repo: Repo,
  collected: Collected & { readonly unordered?: boolean },
  options: TakeInOptions,
): Promise<SessionResult> {
  const id = record.sessionId;
  engine.step("intake", id, "checking what came back");
  const plain = intakeRequest(engine, record, repo, options);
  const before = collected.unordered === true ? record.result : null;
  const order = before === null ? "newer" : await orderOf(plain, collected, before);
  const request = { ...plain, aside: ASIDE[order] };
  if (before !== null && order === "older") {
    // What was uncommitted may be newer all the same.
    await takeInSalvage(engine, record, collected, {
      ...request,
      bundleFile: collected.salvageFile,
      kind: "salvage",
    });
    return before;
  }
  const report = collected.hasResult
    ? await intake({ ...request, bundleFile: collected.resultFile, kind: "result" })
    : null;
  const tip = report?.tip ?? record.baseCommit;
  await keepBase(repo, record, tip);
  notesOf(engine, id, report, collected);
  if (record.end !== null && collected.salvage === "none") await dropSalvage(repo, id);
  const salvage = await takeInSalvage(engine, record, collected, {
    ...request,
    bundleFile: collected.salvageFile,
    kind: "salvage",
    known: [tip],
  });
  if (before !== null && order === "unknown") {
    return { ...before, salvaged: before.salvaged || salvage.taken };
  }
  return {
    commits: report?.commits ?? 0,
    tip,
    ref: sessionRef(id),
    salvaged: salvage.taken,
    findings: [...(report?.findings ?? []), ...salvage.findings],
  };
}

type Order = "newer" | "older" | "unknown";

const ASIDE = { newer: "never", unknown: "differing", older: "always" } as const;

/** How what was collected stands to what was taken in before, by what the one has of the other. */
async function orderOf(
  request: Omit<IntakeRequest, "bundleFile" | "kind">,
  { hasResult, resultFile }: Collected,
  before: SessionResult,
): Promise<Order> {
  if (!hasResult) return before.tip === request.base ? "unknown" : "older";
  let order: Order = "unknown";
  await intake({
    ...request,
    bundleFile: resultFile,
    kind: "result",
    dryRun: true,
    inspect: async (git, tip) => {
      if (tip === null || tip === before.tip) return;
      const history = new History(git);
      if (await history.isAncestor(before.tip, tip)) order = "newer";
      else if (await history.isAncestor(tip, before.tip)) order = "older";
    },
  });
  return order;
}

/** What {@link intake} is asked, but for the bundle. */
export function intakeRequest(
  engine: Engine,
  record: SessionRecord,
  repo: Repo,
  { allow, signal }: TakeInOptions,
): Omit<IntakeRequest, "bundleFile" | "kind"> {
  const { tiers = {}, maxBundleBytes } = engine.intake;
  const known: Partial<Record<Rule, FindingTier>> = {};
  for (const [rule, tier] of Object.entries(tiers)) if (isRule(rule)) known[rule] = tier;
  return {
    repo,
    sessionId: record.sessionId,
    base: record.baseCommit,
    branch: record.branch,
    tiers: known,
    allow: allow ?? [],
    secrets: secretsOfAll(engine),
    ...(maxBundleBytes === undefined ? {} : { limits: { maxBundleBytes } }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** What no agent's commits may hold: every key that this cco could have given one. */
function secretsOfAll(engine: Engine) {
  return engine.profiles().flatMap((profile) => secretsOf(profile, engine.env));
}

/** Without new commits the session's ref is the pushed commit, so that it can always be named. */
async function keepBase(repo: Repo, record: SessionRecord, tip: string): Promise<void> {
  if (tip !== record.baseCommit) return;
  const refs = new Refs(repo.git);
  const ref = sessionRef(record.sessionId);
  if ((await refs.read(ref)) === null) await refs.update(ref, tip, null);
}

/** Nothing was uncommitted at the end: what a snapshot found before it is no longer that. */
async function dropSalvage(repo: Repo, id: string): Promise<void> {
  const refs = new Refs(repo.git);
  const sha = await refs.read(salvageRef(id));
  if (sha !== null) await refs.delete(salvageRef(id), sha);
}

async function takeInSalvage(
  engine: Engine,
  { sessionId }: SessionRecord,
  collected: Collected,
  request: IntakeRequest,
): Promise<{ readonly taken: boolean; readonly findings: readonly Finding[] }> {
  const failed = (why: string): void => {
    engine.note("salvage-failed", sessionId, `uncommitted work was not brought back: ${why}`);
  };
  if (collected.salvage === "too-big") failed("it is larger than the cap");
  if (collected.salvage === "failed") failed("it could not be read in the box");
  if (collected.salvage !== "made") return { taken: false, findings: [] };
  try {
    const { tip, findings, aside } = await intake(request);
    if (tip === null) return { taken: false, findings };
    const ref = aside ?? salvageRef(sessionId);
    engine.note("salvaged", sessionId, `uncommitted work is on ${ref}`);
    return { taken: true, findings };
  } catch (error) {
    if (!(error instanceof IntakeError)) throw error;
    failed(error.message);
    return { taken: false, findings: error.findings };
  }
}

function notesOf(
  engine: Engine,
  id: string,
  report: IntakeReport | null,
  { nested, gitGone }: Collected,
): void {
  if (gitGone) engine.note("warning", id, "the agent deleted its repository (.git)");
  for (const head of report?.heads ?? []) {
    engine.note("other-heads", id, `the agent's branch ${head.name} is on ${head.ref}`);
  }
  if (report !== null && report.aside !== null) {
    const message = `what was saved is on ${report.aside}: it is not the same as what came before, on ${sessionRef(id)}`;
    engine.note("other-heads", id, message);
  }
  for (const path of nested) {
    engine.note("warning", id, `${path} is a repository of its own: its files are in the salvage`);
  }
  for (const tag of report?.droppedTags ?? []) {
    engine.note("warning", id, `the agent's tag ${tag} was left behind`);
  }
}
