import type { BackendDescription } from "@cco/backend";

import type { Engine } from "./engine.js";
import type { BoxReport } from "./reports.js";

const NOTHING: BackendDescription = { version: null, disk: null, memory: null };

/** {@link Sandbox.status} */
export async function status(engine: Engine): Promise<BoxReport> {
  const { backend, host, store, network } = engine;
  const [state, described, stored] = await Promise.all([
    backend.status(),
    // A box that is not there cannot be described.
    backend.describe().catch((): BackendDescription => NOTHING),
    store.all(),
  ]);
  const open = stored.filter(
    (found) =>
      "record" in found &&
      !found.record.pulled &&
      found.record.backend === backend.name &&
      found.record.box === backend.box &&
      found.record.host === host,
  );
  return {
    backend: backend.name,
    host,
    name: backend.box,
    status: state,
    version: described.version,
    network: {
      policy: network.policy ?? "allowlist",
      enforcedBy: backend.promises.networkEnforcedBy,
    },
    disk: described.disk,
    memory: described.memory,
    clockDifferenceMs: described.clockDifferenceMs ?? null,
    sessions: open.length,
  };
}
