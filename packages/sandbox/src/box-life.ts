import { BackendError } from "@cco/backend";

import { fromBackend } from "./box.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import type { SessionRecord } from "./record.js";
import { refreshOne } from "./refresh.js";
import { hasUnpulledWork } from "./remove.js";

interface Forced {
  readonly force?: boolean;
}

/** {@link Sandbox.stopBox} */
export async function stopBox(engine: Engine, { force = false }: Forced): Promise<void> {
  await named(async () => {
    if (!force) await refuseRunning(engine);
    await engine.backend.stop();
  });
}

/** {@link Sandbox.destroyBox} */
export async function destroyBox(engine: Engine, { force = false }: Forced): Promise<void> {
  await named(async () => {
    if (!force) await refuseLoss(engine);
    await engine.backend.destroy();
  });
}

/** Sessions whose bytes may be in this box. */
async function sessionsHere(engine: Engine): Promise<readonly SessionRecord[]> {
  const { backend, host, store } = engine;
  return (await store.all()).flatMap((found) => {
    if (!("record" in found) || found.record.pulled) return [];
    const { record } = found;
    const here =
      record.backend === backend.name && record.box === backend.box && record.host === host;
    return here ? [record] : [];
  });
}

async function refuseRunning(engine: Engine): Promise<void> {
  const running: string[] = [];
  for (const record of await sessionsHere(engine)) {
    if (record.end !== null) continue;
    if ((await ifAnswered(refreshOne(engine, record)))?.state === "running") {
      running.push(record.sessionId);
    }
  }
  if (running.length === 0) return;
  throw new SandboxError("SESSION_RUNNING", `sessions run in this box: ${running.join(", ")}`, {
    hint: "wait for them: `cco box wait`; --force ends them, what they left stays pullable",
  });
}

async function refuseLoss(engine: Engine): Promise<void> {
  const unpulled: string[] = [];
  const unknown: string[] = [];
  for (const record of await sessionsHere(engine)) {
    const view = await ifAnswered(refreshOne(engine, record));
    const holds =
      view === null
        ? null
        : view.state === "running" || (await ifAnswered(hasUnpulledWork(engine, view)));
    if (holds === null) unknown.push(record.sessionId);
    else if (holds) unpulled.push(record.sessionId);
  }
  if (unpulled.length > 0) {
    const ids = unpulled.join(", ");
    throw new SandboxError("UNPULLED_WORK", `the box holds work that was not pulled: ${ids}`, {
      hint: `bring it: \`cco box pull ${unpulled[0] ?? ""}\`; --force throws it away`,
    });
  }
  if (unknown.length > 0) {
    const ids = unknown.join(", ");
    throw new SandboxError("UNPULLED_WORK", `the box is stopped and may hold work of: ${ids}`, {
      hint: `look first: \`cco box start --backend ${engine.backend.name}\`; --force throws it away`,
    });
  }
}

/** `null` where the box is stopped: nothing can be asked. */
async function ifAnswered<T>(question: Promise<T>): Promise<T | null> {
  try {
    return await question;
  } catch (error) {
    const stopped = error instanceof BackendError || error instanceof SandboxError;
    if (stopped && error.code === "BOX_STOPPED") return null;
    throw error;
  }
}

async function named(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw fromBackend(error);
  }
}
