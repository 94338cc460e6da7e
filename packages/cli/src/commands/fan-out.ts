import type { Sandbox, Session } from "@cco/sandbox";

import type { Context } from "../context.js";
import { stateOf } from "../print/sessions.js";

export interface FanOut {
  readonly sandbox: Sandbox;
  readonly prepared: readonly Session[];
  /** Most that run at once. */
  readonly maxParallel: number;
  /** How one is started. Default: detached. */
  readonly start?: (id: string) => Promise<Session>;
}

/**
 * Start prepared sessions a few at a time and show how it goes. Ends when the last one is started;
 * nothing goes on in the background. What an interruption leaves prepared is told, with the
 * commands that start or forget it.
 */
export async function fanOut(context: Context, fan: FanOut): Promise<readonly Session[]> {
  const { sandbox, prepared, maxParallel, start } = fan;
  const now = new Map(prepared.map((session) => [session.sessionId, session]));
  const terminal = context.streams.stderr.isTTY === true;
  const show = (): void => {
    context.talk.live(
      [...now.values()].map((one) => `${one.sessionId}  ${stateOf(one)}  ${one.plan}`),
    );
  };
  show();
  try {
    return await sandbox.launchAll([...now.keys()], {
      maxParallel,
      signal: context.signal,
      ...(start === undefined ? {} : { launch: start }),
      onChange: (session) => {
        now.set(session.sessionId, session);
        if (terminal) show();
        else context.talk.note(`session ${session.sessionId} ${stateOf(session)}; ${toGo(now)}`);
      },
    });
  } catch (error) {
    context.talk.done();
    tellWhatIsLeft(context, [...now.values()]);
    throw error;
  } finally {
    context.talk.done();
  }
}

function toGo(now: ReadonlyMap<string, Session>): string {
  const left = [...now.values()].filter(({ state }) => state === "prepared").length;
  return left === 0 ? "none left to start" : `${String(left)} left to start`;
}

function tellWhatIsLeft(context: Context, sessions: readonly Session[]): void {
  for (const session of sessions.filter(({ state }) => state !== "prepared")) {
    context.talk.note(startedLine(session));
  }
  tellPrepared(
    context,
    sessions.filter(({ state }) => state === "prepared"),
  );
}

/** Sessions that were sent and not started, and what can be done with them. */
export function tellPrepared(context: Context, sessions: readonly Session[]): void {
  if (sessions.length === 0) return;
  const ids = sessions.map(({ sessionId }) => sessionId).join(" ");
  context.talk.note(`prepared and not started: ${ids}`);
  context.talk.note(`start them: cco box launch ${ids}; forget them: cco box rm ${ids}`);
}

/** What a started session's push says. */
export function startedLine({ sessionId }: Session): string {
  return `Session ${sessionId} started. Pull with: cco box pull ${sessionId}`;
}
