import {
  entryScript,
  keeperScript,
  launchScript,
  pairBoxScript,
  type GuestOptions,
} from "@cco/backend";
import { quoteArgv, readAsset } from "@cco/exec";

import { credentialsName } from "./names.js";
import { CREDENTIALS_KEY, SESSION_FILES, WORKSPACE } from "./pod-spec.js";
import type { Manifest } from "./types.js";

/** The agent's credentials: its container alone mounts them, and they go with the pod. */
export function credentialsSecret(
  id: string,
  secrets: string,
  metadata: Manifest["metadata"],
): Manifest {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...metadata, name: credentialsName(id) },
    stringData: { [CREDENTIALS_KEY]: secrets },
  };
}

/**
 * The scripts of a session; the pod mounts them.
 *
 * @param saves there is a volume for what the session saves.
 */
export async function sessionSecret(
  id: string,
  options: GuestOptions,
  saves: boolean,
  metadata: Manifest["metadata"],
): Promise<Manifest> {
  const { afterEnd, save } = options;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    stringData: {
      "box.sh": await pairBoxScript(`${WORKSPACE}/${id}`, options),
      launch: await launchScript(),
      entry: await entryScript(),
      keeper: await keeperScript(),
      guard: await readAsset(new URL("./guard.sh", import.meta.url)),
      ...(save === undefined || !saves
        ? { after: setArgv(afterEnd ?? []) }
        : {
            saver: await readAsset(new URL("./saver.sh", import.meta.url)),
            save: setArgv(save.argv),
            after: setArgv([
              ...["sh", `${SESSION_FILES}/saver`, id, String(save.attempt), "after"],
              ...(afterEnd ?? ["true"]),
            ]),
          }),
    },
  };
}

/** A line that makes `argv` a script's own arguments. */
function setArgv(argv: readonly string[]): string {
  return argv.length === 0 ? "set --\n" : `set -- ${quoteArgv(argv)}\n`;
}
