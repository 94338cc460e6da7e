import * as v from "valibot";

/** Version of `session.json` that this code writes. A newer one is not read. */
export const RECORD_VERSION = 1;

/** How {@link parseRecord} begins to say so. */
export const WRITTEN_BY_NEWER = "a newer cco wrote it";

const Sha = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/));
const Time = v.pipe(v.string(), v.isoTimestamp());
const Text = v.string();

const FindingSchema = v.object({
  rule: Text,
  tier: v.picklist(["never", "block", "warn"]),
  path: v.nullable(Text),
  message: Text,
});

const ResultSchema = v.object({
  commits: v.number(),
  tip: Sha,
  ref: Text,
  salvaged: v.boolean(),
  findings: v.pipe(v.array(FindingSchema), v.readonly()),
});

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What the agent says that it spent. */
const UsageSchema = v.object({
  turns: Count,
  inputTokens: Count,
  outputTokens: Count,
  costUsd: v.nullable(v.pipe(v.number(), v.minValue(0))),
});

/** How the session ended, written down once seen. */
const EndSchema = v.object({
  state: v.picklist(["succeeded", "failed", "cancelled"]),
  exitCode: v.nullable(v.number()),
  signal: v.nullable(Text),
  endedBy: v.picklist(["observed", "claimed"]),
  reason: v.nullable(Text),
  startedAt: v.nullable(Time),
  endedAt: v.nullable(Time),
});

/** What the person chose at push, for another start. The plan is beside the record. */
const RetrySchema = v.object({
  /** Most starts after the first. */
  times: Count,
  planPath: Text,
  model: v.nullable(Text),
  maxTurns: v.nullable(v.number()),
  depth: v.union([v.number(), v.literal("full")]),
});

/** Why a guest was lost, in the words of the box. */
const LossSchema = v.object({
  reason: v.picklist(["evicted", "node-lost", "deadline", "box-gone"]),
  why: v.nullable(Text),
});

/** How the branch moved. A pull that broke off before this was written finds it moved already. */
const LandingSchema = v.object({
  branch: Text,
  from: v.nullable(Sha),
  tip: Sha,
});

const NetworkSchema = v.object({
  policy: v.picklist(["none", "allowlist", "open"]),
  allow: v.array(Text),
});

/** `session.json`: the host's facts of one session. What can be asked of the box is not in it. */
export const RecordSchema = v.object({
  version: v.literal(RECORD_VERSION),
  sessionId: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
  repo: Text,
  branch: Text,
  plan: Text,
  backend: Text,
  agent: Text,
  host: v.nullable(Text),
  box: Text,
  baseCommit: Sha,
  /** The snapshot commit of `--with-changes`, on top of the branch; then `baseCommit` is it. */
  snapshotOf: v.nullable(Sha),
  createdAt: Time,
  command: Text,
  /** What the terminal is started with, in the guest. */
  agentArgv: v.array(Text),
  network: NetworkSchema,
  programs: v.array(Text),
  env: v.record(Text, Text),
  pane: v.nullable(Text),
  /** When a launch was asked for and proven. */
  launchedAt: v.nullable(Time),
  cancelledAt: v.nullable(Time),
  end: v.nullable(EndSchema),
  /** What the last intake brought. */
  result: v.nullable(ResultSchema),
  /** Its terminal is one to type into; else it runs without anybody. */
  tty: v.optional(v.boolean(), true),
  /** Its end may be that its turn is over. */
  staysOpen: v.optional(v.boolean(), false),
  /** Its turn was over and a pull took that for the end. */
  finishedAt: v.optional(v.nullable(Time), null),
  usage: v.optional(v.nullable(UsageSchema), null),
  /** Which start of it this is, from 1. One that was begun and not proven has no `launchedAt`. */
  attempt: v.optional(v.number(), 1),
  /** What it takes to start it once more when its guest is lost; `null`: it is not. */
  retry: v.optional(v.nullable(RetrySchema), null),
  /** Its guest was lost, and what was saved of it was pulled. */
  loss: v.optional(v.nullable(LossSchema), null),
  landing: v.nullable(LandingSchema),
  /**
   * Pulled without what was uncommitted: `here` it was refused, and is kept on the host; in the `box` it
   * could not be read, or was larger than the cap.
   */
  left: v.optional(v.nullable(v.picklist(["here", "box"])), null),
  pulled: v.boolean(),
  /** The guest's bytes were given back. */
  released: v.boolean(),
});

export type SessionRecord = v.InferOutput<typeof RecordSchema>;
/** Which box a session is in. */
export type SessionPlace = Pick<SessionRecord, "sessionId" | "backend" | "box" | "host">;
export type RecordedEnd = v.InferOutput<typeof EndSchema>;

/** Another start of it was begun, and is not proven: it broke off, or is under way. */
export function isBegun({ attempt, launchedAt }: SessionRecord): boolean {
  return attempt > 1 && launchedAt === null;
}

export type ParsedRecord =
  | { readonly ok: true; readonly record: SessionRecord }
  | { readonly ok: false; readonly why: string };

/** The box that the text of a `session.json` names, though it cannot be read otherwise. */
export function placeIn(text: string, sessionId: string): SessionPlace | undefined {
  const [backend, box, host] = ["backend", "box", "host"].map((key): unknown => {
    const value = new RegExp(`"${key}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*"|null)`).exec(text)?.[1];
    try {
      return value === undefined ? undefined : JSON.parse(value);
    } catch {
      return undefined;
    }
  });
  if (typeof backend !== "string" || typeof box !== "string") return undefined;
  if (host !== null && typeof host !== "string") return undefined;
  return { sessionId, backend, box, host };
}

/** Read the text of a `session.json`. Unknown keys of the same version are dropped. */
export function parseRecord(text: string): ParsedRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, why: "it is no JSON" };
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > RECORD_VERSION) {
    return { ok: false, why: `${WRITTEN_BY_NEWER} (version ${version})` };
  }
  const parsed = v.safeParse(RecordSchema, value);
  if (parsed.success) return { ok: true, record: parsed.output };
  const issue = parsed.issues[0];
  return { ok: false, why: `${v.getDotPath(issue) ?? "it"}: ${issue.message}` };
}
