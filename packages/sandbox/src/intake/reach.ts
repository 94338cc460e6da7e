import { GitError, type Git } from "@cco/git";

import { Enough, readAll, readRecords, type ReadOptions } from "./records.js";
import { refuse } from "./refuse.js";
import type { IntakeLimits } from "./types.js";

export interface ReachRequest {
  /** git in the quarantine. */
  readonly git: Git;
  /** The pushed commit first, then what the session brought before. */
  readonly pushed: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * The prerequisites a bundle names must be commits that were pushed.
 *
 * @throws {IntakeError} `malformed`
 */
export async function checkPrerequisites(
  request: ReachRequest,
  prerequisites: readonly string[],
): Promise<void> {
  const odd = prerequisites.filter((sha) => !request.pushed.includes(sha));
  if (odd.length === 0) return;
  const from = "the bundle builds on history that was not pushed";
  const options = walkOptions(request, odd);
  const result = await readRecords(request.git, [...WALK, "--stdin"], options, (record) => {
    throw refuse("malformed", `${from}: ${record.toString("latin1").slice(0, 12)}`);
  });
  if (result !== "enough" && result.exitCode !== 0) {
    throw missingBase(request, result.stderr) ?? refuse("malformed", from);
  }
}

/**
 * Every object of `tips` that the pushed history's last state does not have; each was
 * sent, or is reachable from what was pushed.
 *
 * That the host *has* an object is not enough: a guest that knows the id of a private
 * commit or file could make its branch hold it.
 *
 * @throws {IntakeError} `object-not-sent`, `malformed` (something is missing), `too-big`.
 */
export async function newObjects(
  request: ReachRequest & { readonly limits: IntakeLimits },
  tips: readonly string[],
  unpacked: { readonly sent: ReadonlySet<string>; readonly completed: readonly string[] },
): Promise<string[]> {
  const listed: string[] = [];
  const foreign = new Set(unpacked.completed);
  const depth = `--filter=tree:${String(request.limits.maxTreeDepth + 2)}`;
  const args = [...WALK, depth, "--filter-print-omitted", "--stdin"];
  const result = await readRecords(request.git, args, walkOptions(request, tips), (record) => {
    const id = record.toString("latin1");
    if (id.startsWith("~")) throw tooDeep(request.limits);
    listed.push(id);
    if (!unpacked.sent.has(id)) foreign.add(id);
  });
  if (result !== "enough" && result.exitCode !== 0) {
    throw missingBase(request, result.stderr) ?? incomplete(result.signal, result.stderr);
  }
  if (foreign.size > 0) await checkReachable(request, foreign);
  return listed;
}

const WALK = ["rev-list", "--objects", "--no-object-names"];

function walkOptions(request: ReachRequest, tips: readonly string[]): ReadOptions {
  const lines = [...tips, ...request.pushed.map((sha) => `^${sha}`)];
  return { stdin: `${lines.join("\n")}\n`, separator: "\n", signal: request.signal };
}

/** All of `wanted` must be reachable from what was pushed. Newest first, and no longer than needed. */
async function checkReachable(request: ReachRequest, wanted: ReadonlySet<string>): Promise<void> {
  const missing = new Set(wanted);
  const args = [...WALK, "--in-commit-order", "--stdin"];
  const options: ReadOptions = {
    stdin: `${request.pushed.join("\n")}\n`,
    separator: "\n",
    signal: request.signal,
  };
  await readAll(request.git, args, options, (record) => {
    if (missing.delete(record.toString("latin1")) && missing.size === 0) throw new Enough();
  });
  const [first] = missing;
  if (first === undefined) return;
  const others = missing.size > 1 ? ` and ${String(missing.size - 1)} more` : "";
  throw refuse(
    "object-not-sent",
    `the result holds ${first}${others}, which was neither sent nor is in what was pushed`,
  );
}

function tooDeep(limits: IntakeLimits): Error {
  return refuse("too-big", `folders are nested deeper than ${String(limits.maxTreeDepth)}`);
}

function incomplete(signal: string | null, stderr: string): Error {
  // Trees nested by the thousand overflow git's stack.
  if (signal !== null) return refuse("too-big", `git could not walk it (${signal})`);
  const reason = /^(?:error|fatal): (.*)$/m.exec(stderr)?.[1] ?? "git could not walk it";
  return refuse("malformed", `the result is incomplete: ${reason}`);
}

/** The host no longer has what it pushed: nothing the guest did. */
function missingBase({ pushed }: ReachRequest, stderr: string): Error | undefined {
  const gone = pushed.find(
    (sha) => stderr.includes(sha) && /bad|missing|not a|parse/i.test(stderr),
  );
  if (gone === undefined) return undefined;
  return new GitError("GIT_FAILED", `the pushed commit ${gone} is not in the repository any more`, {
    hint: "fetch it again from where it came, then run the same command",
  });
}
