import { createHash } from "node:crypto";
import { hostname, userInfo } from "node:os";

import { xdgFolder } from "@cco/exec";
import { KubernetesBackend, type KubernetesSettings } from "@cco/kubernetes";

import type { Config } from "./config/schema.js";
import type { Talk } from "./output/talk.js";

export interface MakeKubernetes {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** Where each call of the cluster's API is told; `undefined`: nowhere. */
  readonly trace: Talk | undefined;
}

/** The Kubernetes backend as the configuration wants it. */
export function makeKubernetes({ config, env, trace }: MakeKubernetes): KubernetesBackend {
  const { pendingSeconds, salvageSeconds, ...settings } = config.backends?.kubernetes ?? {};
  return new KubernetesBackend({
    ...(settings as KubernetesSettings),
    // The engine says it for each session.
    network: undefined,
    ...(pendingSeconds === undefined ? {} : { pendingMs: pendingSeconds * 1000 }),
    ...(salvageSeconds === undefined ? {} : { salvageMs: salvageSeconds * 1000 }),
    owner: settings.owner ?? defaultOwner(env),
    env,
    ...(trace === undefined
      ? {}
      : {
          onCall: ({ method, path, status, durationMs }) => {
            trace.trace(
              `[${String(durationMs)} ms, ${String(status ?? "no answer")}] ${method} ${path}`,
            );
          },
        }),
  });
}

/**
 * Tells this data folder's sessions from those of other machines and accounts that share the
 * namespace: `gc` takes a session that nothing here knows for an orphan.
 */
function defaultOwner(env: NodeJS.ProcessEnv): string {
  const data = xdgFolder(env, "XDG_DATA_HOME", ".local/share");
  const mark = createHash("sha256").update(`${hostname()}\0${data}`).digest("hex").slice(0, 10);
  return `${userInfo().username}-${mark}`;
}
