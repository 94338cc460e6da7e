import { anySignal } from "@cco/exec";

import type { Engine } from "./engine.js";
import { throwIfInterrupted } from "./failures.js";
import type { LaunchAllOptions } from "./options.js";
import { launch, wait } from "./running.js";
import type { Session } from "./session.js";

/** {@link Sandbox.launchAll} */
export async function launchAll(
  engine: Engine,
  ids: readonly string[],
  options: LaunchAllOptions,
): Promise<readonly Session[]> {
  const { maxParallel, signal, onChange } = options;
  const abortable = signal === undefined ? {} : { signal };
  const start = options.launch ?? ((id: string) => launch(engine, id, abortable));
  const enough = new AbortController();
  const either = anySignal(signal, enough.signal);
  const running = new Set<Promise<void>>();
  const started: Session[] = [];
  try {
    for (const id of ids) {
      while (running.size >= maxParallel) await Promise.race(running);
      throwIfInterrupted(signal);
      const session = await start(id);
      started.push(session);
      onChange?.(session);
      const end = wait(engine, id, { signal: either }).then((ended) => {
        running.delete(end);
        onChange?.(ended);
      });
      running.add(end);
      // Who waits for a free place hears of a failure; after the last start nobody does.
      end.catch(() => undefined);
    }
  } finally {
    enough.abort();
    await Promise.allSettled(running);
  }
  return started;
}
