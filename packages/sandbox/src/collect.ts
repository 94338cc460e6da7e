import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import type { Guest } from "@cco/backend";
import { anySignal, readAsset, RunError, type RunResult } from "@cco/exec";
import * as v from "valibot";

import { CollectParser, CollectStreamError } from "./collect-parser.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { diskFull, throwIfInterrupted } from "./failures.js";
import { IntakeError, printable } from "./intake/index.js";
import type { SessionRecord } from "./record.js";

const DEFAULT_MAX_BUNDLE_BYTES = 2_000_000_000;
const INDEX = "collected.json";

/** `collected.json`: what lies beside it, written last. */
const CollectedSchema = v.object({
  head: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/))),
  /** The agent deleted its repository. */
  gitGone: v.boolean(),
  /** Size and hash of each file as it came. */
  files: v.record(v.string(), v.object({ size: v.number(), sha256: v.string() })),
  hasResult: v.boolean(),
  salvage: v.picklist(["none", "made", "failed", "too-big"]),
  /** Repositories inside the workspace, safe to show. */
  nested: v.array(v.string()),
  /** Saved by the guest after its agent's end. */
  final: v.optional(v.boolean(), false),
  /** `launchedAt` of the session when it came: which start of it this is of. */
  launchedAt: v.optional(v.nullable(v.string()), null),
});

/** What came from a guest, on the host now. Still unchecked. */
export interface Collected extends v.InferOutput<typeof CollectedSchema> {
  readonly resultFile: string;
  readonly salvageFile: string;
}

/**
 * The argv that runs `collect.sh` in a guest.
 *
 * @param guest `null`: it runs in the workspace, wherever that is.
 */
export async function collectArgv(
  mode: "stream" | "store" | "facts",
  base: string,
  guest: Guest | null = null,
): Promise<readonly string[]> {
  const script = await readAsset(new URL("./collect.sh", import.meta.url));
  const folders = guest === null ? ["", ""] : [guest.paths.workspace, guest.paths.exchange];
  return ["sh", "-c", script, "collect", mode, ...folders, base];
}

/** Folders of `exchange/<id>`: of the end, of a moment before it, and what outlives the guest. */
export type CollectFolder = "collected" | "snapshot" | "saved";

export interface CollectOptions {
  readonly to: CollectFolder;
  readonly signal?: AbortSignal | undefined;
  /** Called with what came before it takes the place of what was there. */
  readonly replacing?: ((facts: Pick<Collected, "salvage">) => Promise<void>) | undefined;
}

/** What an earlier call brought after the agent's end, if it is still here; or what was `saved`. */
export async function collectedBefore(
  engine: Engine,
  record: SessionRecord,
  from: CollectFolder | `kept.${number}` = "collected",
): Promise<Collected | null> {
  const folder = engine.store.path(record.sessionId, from);
  try {
    const parsed = v.safeParse(
      CollectedSchema,
      JSON.parse(await readFile(join(folder, INDEX), "utf8")),
    );
    if (!parsed.success) return null;
    for (const [name, { size, sha256 }] of Object.entries(parsed.output.files)) {
      const file = join(folder, name);
      if ((await stat(file)).size !== size || (await hashOf(file)) !== sha256) return null;
    }
    return inFolder(folder, parsed.output);
  } catch {
    return null;
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** Forget what was collected: its result is safe elsewhere. */
export async function dropCollected(engine: Engine, id: string): Promise<void> {
  for (const folder of ["collected", "saved"] as const) {
    await rm(engine.store.path(id, folder), { recursive: true, force: true });
  }
}

/**
 * Bring what the guest holds now into `exchange/<id>/collected` (after the end: it stays
 * there until the pull is done), `snapshot` or `saved`.
 *
 * @throws {SandboxError} `BUNDLE_TRUNCATED`, `BUNDLE_GONE`, `DISK_FULL`, `INTERRUPTED`.
 * @throws {IntakeError} the bundle is over the size cap.
 */
export async function collect(
  engine: Engine,
  record: SessionRecord,
  guest: Guest,
  options: CollectOptions,
): Promise<Collected> {
  const argv = await collectArgv("stream", record.baseCommit, guest);
  return receive(engine, record, options, async (stdout, signal) => ({
    result: await guest.exec(argv, { stdout, signal }),
    final: options.to === "collected",
  }));
}

/** Where a stream of `collect.sh` comes from. `result`: how what printed it ended. */
export type CollectSource = (
  sink: CollectParser,
  signal: AbortSignal,
) => Promise<{ readonly result: RunResult; readonly final: boolean }>;

/** Read such a stream into a folder of `exchange/<id>`: whole, or the folder stays as it was. */
export async function receive(
  engine: Engine,
  record: SessionRecord,
  { to, signal, replacing }: CollectOptions,
  source: CollectSource,
): Promise<Collected> {
  const id = record.sessionId;
  const fresh = await mkdtemp(engine.store.path(id, "incoming."));
  try {
    const { parser, final } = await stream(engine, record, { source, folder: fresh, signal });
    const facts = { ...factsOf(parser, final), launchedAt: record.launchedAt };
    if (facts.gitGone && !facts.hasResult && facts.salvage !== "made") throw gone(id);
    await writeFile(join(fresh, INDEX), JSON.stringify(facts), { mode: 0o600, flush: true });
    const folder = engine.store.path(id, to);
    await replacing?.(facts);
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
    return inFolder(folder, facts);
  } catch (error) {
    throw diskFull(error, fresh) ?? error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Whether the guest holds anything that the pushed commit `base` does not. */
export async function holdsWork(base: string, guest: Guest): Promise<boolean> {
  const { exitCode, stdout } = await guest.exec(await collectArgv("facts", base, guest));
  return exitCode !== 0 || !saysNothing(stdout.toString("utf8"));
}

/** Whether what `collect.sh` printed is whole, and says that there was no work. */
export function saysNothing(printed: string): boolean {
  const lines = printed.split("\n");
  return ["fact commits none", "fact salvage none", "end"].every((line) => lines.includes(line));
}

async function stream(
  engine: Engine,
  record: SessionRecord,
  {
    source,
    folder,
    signal,
  }: {
    readonly source: CollectSource;
    readonly folder: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly parser: CollectParser; readonly final: boolean }> {
  const enough = new AbortController();
  const maxBytes = engine.intake.maxBundleBytes ?? DEFAULT_MAX_BUNDLE_BYTES;
  const parser = new CollectParser(folder, maxBytes, () => {
    enough.abort();
  });
  const either = anySignal(signal, enough.signal);
  let came: Awaited<ReturnType<CollectSource>> | undefined;
  let failure: unknown;
  try {
    came = await source(parser, either);
  } catch (error) {
    failure = error;
  }
  const final = came?.final ?? false;
  if (parser.salvageTooBig) return { parser, final };
  throwIfInterrupted(signal);
  if (parser.errored !== null) throw parserFailed(parser.errored, folder);
  if (failure instanceof Error && !(failure instanceof RunError)) throw failure;
  if (!parser.complete || came?.result.exitCode !== 0) {
    throw truncated(record, came?.result, failure);
  }
  return { parser, final };
}

function factsOf({ facts, files, nested, salvageTooBig }: CollectParser, final: boolean) {
  const head = facts.get("head") ?? null;
  const salvage = files.has("salvage.bundle")
    ? ("made" as const)
    : facts.get("salvage") === "none"
      ? ("none" as const)
      : ("failed" as const);
  return {
    head: head !== null && /^[0-9a-f]{40,64}$/.test(head) ? head : null,
    gitGone: facts.get("git") === "gone",
    files: Object.fromEntries(files),
    hasResult: files.has("result.bundle"),
    salvage: salvageTooBig ? ("too-big" as const) : salvage,
    nested: nested.map((path) => printable(path)),
    final,
  };
}

function inFolder(folder: string, facts: v.InferOutput<typeof CollectedSchema>): Collected {
  return {
    ...facts,
    resultFile: join(folder, "result.bundle"),
    salvageFile: join(folder, "salvage.bundle"),
  };
}

function parserFailed(error: Error, folder: string): Error {
  if (!(error instanceof CollectStreamError)) return diskFull(error, folder) ?? error;
  if (error.kind === "too-big") {
    const finding = { rule: "too-big", tier: "never", path: null, message: error.message } as const;
    return new IntakeError(error.message, [finding], {
      hint: "raise intake.maxBundleBytes in the configuration, if this size is right",
      cause: error,
    });
  }
  return new SandboxError("BUNDLE_TRUNCATED", error.message, { hint: "pull again", cause: error });
}

function truncated(
  record: SessionRecord,
  result: RunResult | undefined,
  failure: unknown,
): SandboxError {
  const words = printable(result?.stderr.trim() ?? "").slice(-500);
  const why = words === "" ? `exit code ${String(result?.exitCode ?? "none")}` : words;
  return new SandboxError(
    "BUNDLE_TRUNCATED",
    `what session ${record.sessionId} left did not arrive whole: ${why}`,
    { hint: "pull again; nothing was changed", cause: failure },
  );
}

function gone(id: string): SandboxError {
  return new SandboxError("BUNDLE_GONE", `session ${id} left nothing that can be brought back`, {
    hint: `its workspace holds no repository any more; forget it: \`cco box rm ${id} --force\``,
  });
}
