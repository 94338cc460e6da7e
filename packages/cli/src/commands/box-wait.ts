import { publicSession, SandboxError, type Sandbox, type Session } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxWait } from "../declare/box-wait.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { sessionLine } from "../print/sessions.js";

type Flags = Said<typeof boxWait>;

/** `cco box wait`: block until sessions have ended, or their agents' turns are over. */
export async function wait(context: Context, flags: Flags): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const chosen = await sessionsOf(context, sandbox, flags);
  const outcome = await waitFor(sandbox, chosen, flags, context.signal);
  if (outcome.timedOut) context.talk.note("waited too long; the agent goes on");
  const sessions = outcome.sessions.map(publicSession);
  return {
    json: flags.session.length === 1 ? sessions[0] : sessions,
    text: () => sessions.map(sessionLine).join("\n"),
    ids: sessions.map(({ sessionId }) => sessionId),
    exitCode: exitOf(outcome, flags),
  };
}

interface Outcome {
  readonly sessions: readonly Session[];
  readonly timedOut: boolean;
}

async function sessionsOf(
  context: Context,
  sandbox: Sandbox,
  flags: Flags,
): Promise<readonly string[]> {
  const ids = flags.session;
  if (ids.length > 0) {
    return [...new Set(await Promise.all(ids.map((id) => sandbox.idOf(id))))];
  }
  if (flags.all !== true) {
    throw new CliError("USAGE", "which session?", { hint: "cco box ls, or cco box wait --all" });
  }
  const repo = await context.parts.repo();
  const sessions = await sandbox.list({ repo: repo.main });
  return sessions
    .filter(({ state }) => state === "running" || state === "prepared")
    .map(({ sessionId }) => sessionId);
}

async function waitFor(
  sandbox: Sandbox,
  ids: readonly string[],
  flags: Flags,
  interrupted: AbortSignal,
): Promise<Outcome> {
  const enough = new AbortController();
  const options = {
    signal: AbortSignal.any([interrupted, enough.signal]),
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
  };
  const waits = ids.map((id) => sandbox.wait(id, options));
  if (flags.any === true && waits.length > 0) {
    await Promise.any(waits).catch(() => undefined);
    enough.abort();
  }
  const settled = await Promise.allSettled(waits);
  const sessions = await Promise.all(
    settled.map(async (wait, index) =>
      wait.status === "fulfilled" ? wait.value : notEnded(sandbox, ids[index] ?? "", wait.reason),
    ),
  );
  interrupted.throwIfAborted();
  return { sessions, timedOut: settled.some(isTimeout) };
}

/** The session as it is, where its wait ended for a reason that `wait` answers for. */
async function notEnded(sandbox: Sandbox, id: string, reason: unknown): Promise<Session> {
  const expected =
    reason instanceof SandboxError &&
    (reason.code === "WAIT_TIMED_OUT" || reason.code === "INTERRUPTED");
  if (!expected) throw reason;
  return sandbox.get(id);
}

function isTimeout(wait: PromiseSettledResult<Session>): boolean {
  return (
    wait.status === "rejected" &&
    wait.reason instanceof SandboxError &&
    wait.reason.code === "WAIT_TIMED_OUT"
  );
}

/** The worst of the sessions: lost, waited too long, failed. With `--any` only the ended ones count. */
function exitOf({ sessions, timedOut }: Outcome, flags: Flags): ExitCode {
  const states = new Set(sessions.map(({ state }) => state));
  const ended = sessions.some(
    ({ state, waiting }) => waiting === "finished" || (state !== "running" && state !== "prepared"),
  );
  if (states.has("lost")) return EXIT.lost;
  if (timedOut && !(flags.any === true && ended)) return EXIT.timedOut;
  return states.has("failed") || states.has("cancelled") ? EXIT.agentFailed : EXIT.done;
}
