import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

import { Quarantine, type Ref } from "@cco/git";

import { readChanges } from "./changes.js";
import { history, readCommits, type RawCommit } from "./commits.js";
import { readHeader, type BundleHeader } from "./header.js";
import { hookPathsOf } from "./host.js";
import { bytes, limitsOf } from "./limits.js";
import { objectInfos, type ObjectInfo } from "./objects.js";
import { checkPrerequisites, newObjects, type ReachRequest } from "./reach.js";
import { numberHeads, salvageRef, sessionRef, sessionRefs, writeRefs } from "./refs.js";
import { refuse, refuseFindings } from "./refuse.js";
import { reportLinks, reportSecrets } from "./report-objects.js";
import { Findings, reportChanges, reportText } from "./report.js";
import { tierOf } from "./tiers.js";
import type { IntakeLimits, IntakeReport, IntakeRequest } from "./types.js";
import { unpack } from "./unpack.js";

/**
 * Check a bundle from a guest and, where it passes, put it under the session's refs.
 *
 * In this order: header, sizes, git's own strict check in a quarantine, connectivity and
 * origin of every object, the change itself; only then is the pack moved into the host's
 * store and the refs are written. Nothing is checked out.
 *
 * @throws {IntakeError} `INTAKE_REFUSED`: nothing moved.
 * @throws {GitError} `REF_MOVED`: another intake of this session was at work at the same
 *   time; `GIT_FAILED`: the host's own trouble (a full disk, …).
 */
export async function intake(request: IntakeRequest): Promise<IntakeReport> {
  const limits = limitsOf(request.limits);
  const file = await open(request.bundleFile, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refuse("malformed", "the bundle is no file");
    if (stat.size > limits.maxBundleBytes) {
      throw refuse(
        "too-big",
        `a bundle of ${bytes(stat.size)}, at most ${bytes(limits.maxBundleBytes)}`,
      );
    }
    const header = await readHeader(file);
    const objectFormat = request.base.length === 40 ? "sha1" : "sha256";
    if (header.objectFormat !== objectFormat) {
      throw refuse("malformed", `object ids of another kind: ${header.objectFormat}`);
    }
    const quarantine = await Quarantine.open(request.repo, {
      label: request.sessionId,
      objectFormat,
    });
    try {
      return await examine({ request, limits, file, size: stat.size, header, quarantine });
    } finally {
      await quarantine.discard();
    }
  } finally {
    await file.close();
  }
}

/** The name of a result that goes beside the session's ref. */
const OWN = "HEAD";

interface Subject {
  readonly request: IntakeRequest;
  readonly limits: IntakeLimits;
  readonly file: FileHandle;
  readonly size: number;
  readonly header: BundleHeader;
  readonly quarantine: Quarantine;
}

async function examine(subject: Subject): Promise<IntakeReport> {
  const { request, limits, header, quarantine } = subject;
  const { signal } = request;
  const pushed = [request.base, ...(request.known ?? [])];
  const reach: ReachRequest = { git: quarantine.git, pushed, signal };
  const [existing, hookPaths] = await Promise.all([
    sessionRefs(request.repo.git, request.sessionId),
    hookPathsOf(request.repo),
    checkPrerequisites(reach, header.prerequisites),
  ]);

  const unpacked = await unpack(quarantine, subject);
  const tips = tipsOf(header);
  const listed = await newObjects({ ...reach, limits }, tips, unpacked);
  const received = await describe(subject, listed, tips);
  const findings = await report({ subject, received, sent: unpacked.sent, hookPaths });

  await request.inspect?.(quarantine.git, header.head);
  const all = findings.all();
  const isBlocked = request.kind === "result" && all.some(({ tier }) => tier !== "warn");
  if (isBlocked && request.dryRun !== true) throw refuseFindings(request.sessionId, all);
  const outcome = conclude(subject, received, existing);
  const refs = request.dryRun === true ? [] : await moveIn(subject, outcome.wanted, existing);
  return { ...outcome.report, findings: all, refs };
}

function tipsOf({ head, heads }: BundleHeader): string[] {
  return [...new Set([...(head === null ? [] : [head]), ...heads.map(({ sha }) => sha)])];
}

interface Received {
  readonly infos: ReadonlyMap<string, ObjectInfo>;
  /** New commits, and the pushed one and the tips, to read their trees. */
  readonly commits: ReadonlyMap<string, RawCommit>;
  /** Only the new ones, newest first. */
  readonly fresh: ReadonlyMap<string, RawCommit>;
}

async function describe(
  { request, quarantine }: Subject,
  listed: readonly string[],
  tips: readonly string[],
): Promise<Received> {
  const { signal } = request;
  const ids = [...new Set([...listed, ...tips, compareTo(request)])];
  const infos = await objectInfos(quarantine.git, ids, signal);
  const odd = tips.find((sha) => infos.get(sha)?.type !== "commit");
  if (odd !== undefined) throw refuse("malformed", `a branch of the bundle is no commit: ${odd}`);
  const commits = await readCommits(quarantine.git, ids, infos, signal);
  const isListed = new Set(listed);
  const fresh = new Map([...commits].filter(([sha]) => isListed.has(sha)));
  return { infos, commits, fresh };
}

/** The commit that the change is seen against. */
function compareTo(request: IntakeRequest): string {
  return (request.kind === "salvage" ? request.known?.at(-1) : undefined) ?? request.base;
}

async function report(context: {
  readonly subject: Subject;
  readonly received: Received;
  readonly sent: ReadonlySet<string>;
  readonly hookPaths: readonly string[];
}): Promise<Findings> {
  const { subject, received, sent, hookPaths } = context;
  const { request, limits, header, quarantine } = subject;
  const { git } = quarantine;
  const baseTree = received.commits.get(compareTo(request))?.tree ?? "";
  const tipTree =
    (header.head === null ? null : received.commits.get(header.head)?.tree) ?? baseTree;
  const commits = [...received.fresh.values()].filter(({ sha }) => sent.has(sha));
  const trees = [...received.infos].flatMap(([sha, { type }]) => (type === "tree" ? [sha] : []));
  const { signal } = request;
  const changes = await readChanges({ git, baseTree, tipTree, commits, trees, limits, signal });

  const findings = new Findings((rule) => tierOf(rule, request.allow, request.tiers));
  const sizeOf = (sha: string): number => received.infos.get(sha)?.size ?? 0;
  reportChanges(findings, changes, { hookPaths, sizeOf, hugeBlobBytes: limits.hugeBlobBytes });
  const names = header.heads.map(({ name }) => name);
  reportText(findings, received.fresh.values(), [...names, ...header.droppedTags]);
  const objects = { git, findings, changes, signal };
  await reportLinks(objects);
  await reportSecrets(objects, sent, request.secrets ?? []);
  return findings;
}

function conclude(
  { request, header }: Subject,
  { fresh }: Received,
  existing: readonly Ref[],
): { report: Omit<IntakeReport, "findings" | "refs">; wanted: Ref[] } {
  const { sessionId, base, known = [] } = request;
  const tip = header.head;
  const line = tip === null ? null : history(fresh, tip);
  const descends = [base, ...known].some((sha) => sha === tip || line?.boundary.has(sha) === true);
  const isSalvage = request.kind === "salvage";
  const isNew = (sha: string): boolean => fresh.has(sha);
  const ref = isSalvage ? salvageRef(sessionId) : sessionRef(sessionId);
  const held = existing.find(({ name }) => name === ref)?.sha;
  const { aside: asked = "never" } = request;
  const mayMove = asked === "never" || (asked === "differing" && held === undefined);
  const isAside = !mayMove && tip !== null && held !== tip;
  const own = isAside ? [{ name: `refs/heads/${OWN}`, sha: tip }] : [];
  const numbered = numberHeads(sessionId, {
    heads: [...own, ...(isSalvage ? [] : header.heads)],
    tip: isAside ? null : tip,
    commits: fresh,
    isNew,
    existing,
  });
  const [aside] = isAside ? numbered : [];
  const heads = aside === undefined ? numbered : numbered.slice(1);
  const wanted = [
    ...(tip === null || isAside ? [] : [{ name: ref, sha: tip }]),
    ...numbered.map((head) => ({ name: head.ref, sha: head.sha })),
  ];
  const report = {
    tip,
    commits: line?.commits.size ?? 0,
    rewritten: tip !== null && !descends,
    heads,
    aside: aside?.ref ?? null,
    droppedTags: header.droppedTags,
  };
  return { report, wanted };
}

/** From here on it is quick, and finished even if the person is impatient. */
async function moveIn(
  { request, quarantine }: Subject,
  wanted: readonly Ref[],
  existing: readonly Ref[],
): Promise<string[]> {
  request.signal?.throwIfAborted();
  const unkeep = await quarantine.release();
  const refs = await writeRefs(request.repo.git, wanted, existing, request.sessionId);
  // Where the refs were not written, the mark stays until the next intake of the session.
  await unkeep?.();
  return refs;
}
