import {
  BackendError,
  checkedGuestId,
  type BackendCheck,
  type BackendCreateOptions,
  type BackendDescription,
  type BackendPromises,
  type BackendStatus,
  type Guest,
  type GuestFile,
  type GuestNetwork,
  type GuestOptions,
  type GuestState,
  type OpenControl,
  type Salvage,
  type SandboxBackend,
} from "@cco/backend";

import { Cluster, type ApiCall } from "./api/cluster.js";
import { isStatus } from "./api/errors.js";
import { boxManifests, pathOf } from "./box.js";
import { checkCluster } from "./check.js";
import { fromApi } from "./errors.js";
import { labelValue, MANAGED_BY, MANAGER, SESSION } from "./names.js";
import { sessionPolicy } from "./network.js";
import { GuestOpener } from "./open.js";
import { podState } from "./pod-state.js";
import { Pods } from "./pods.js";
import { Provisions } from "./provisions.js";
import { ResultVolume } from "./result-volume.js";
import { settingsOf, type KubernetesSettings, type Settings } from "./settings.js";
import type { List, Meta, Pod } from "./types.js";

export interface KubernetesBackendOptions extends KubernetesSettings {
  /** Environment that names the kubeconfig. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Network of guests that are opened without one. Default: `none`. */
  readonly network?: GuestNetwork | undefined;
  /** Told of each call of the API. */
  readonly onCall?: (call: ApiCall) => void;
}

const NO_NETWORK: GuestNetwork = { policy: "none", allow: [] };
/** Pods that are asked at once whether their agent was started. */
const ASKED_AT_ONCE = 10;

const PROMISES: BackendPromises = {
  networkPolicies: ["none", "allowlist", "open"],
  networkEnforcedBy:
    "NetworkPolicies of the namespace, where the cluster's network plugin heeds them; addresses, no names",
  reapsProcesses: true,
  separatesProcesses: true,
  observesEnd: true,
  terminalOutside: false,
  survivesHostRestart: true,
  keepsSecrets: true,
};

/** A namespace of a cluster: each session is a pod in it, which lives on without this machine. */
export class KubernetesBackend implements SandboxBackend {
  readonly name = "kubernetes";
  readonly box: string;
  readonly promises = PROMISES;
  /** A node may be lost, a pod evicted. */
  readonly salvage: Salvage;
  readonly #cluster: Cluster;
  readonly #settings: Settings;
  readonly #pods: Pods;
  readonly #network: GuestNetwork;
  readonly #opener: GuestOpener;
  readonly #provisions: Provisions;

  constructor(options: KubernetesBackendOptions = {}) {
    const { env, network, onCall, owner, ...settings } = options;
    this.#settings = settingsOf(settings, labelValue(owner ?? "me"));
    this.#cluster = new Cluster({ context: options.context, env, onCall });
    this.#pods = new Pods(this.#cluster, this.#settings);
    this.#network = network ?? NO_NETWORK;
    this.#provisions = new Provisions(this.#cluster, this.#settings);
    this.#opener = new GuestOpener(this.#cluster, this.#settings, this.#pods);
    const { context, namespace, resultVolume, salvageMs } = this.#settings;
    this.salvage = {
      everyMs: salvageMs,
      store:
        resultVolume === undefined
          ? null
          : new ResultVolume(resultVolume, this.#cluster, this.#settings, this.#pods),
    };
    this.box = context === undefined ? namespace : `${context}/${namespace}`;
  }

  /** `missing`: no namespace, or no cluster configured; `broken`: it does not answer, or gives no right. */
  async status(options: { signal?: AbortSignal } = {}): Promise<BackendStatus> {
    const path = `/api/v1/namespaces/${this.#settings.namespace}`;
    try {
      const { status } = await this.#cluster.call<{ status?: { phase?: string } }>("GET", path, {
        signal: options.signal,
      });
      return status?.phase === "Terminating" ? "broken" : "running";
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isStatus(error, 404)) return "missing";
      if (!isStatus(error, 403)) {
        return (error as { code?: unknown }).code === "CLUSTER_NOT_CONFIGURED"
          ? "missing"
          : "broken";
      }
    }
    // Whoever may not look at namespaces may still have rights in this one.
    return this.#pods.list().then(
      () => "running",
      () => "broken",
    );
  }

  check(): Promise<readonly BackendCheck[]> {
    return checkCluster(this.#cluster, this.#settings);
  }

  async describe(): Promise<BackendDescription> {
    const { gitVersion } = await this.#named("cannot ask for the version", () =>
      this.#cluster.call<{ gitVersion: string }>("GET", "/version"),
    );
    return { version: gitVersion.replace(/^v/, ""), disk: null, memory: null };
  }

  /** The box as an administrator applies it: all that {@link create} makes, as YAML. */
  async template(): Promise<string> {
    const { dump } = await import("js-yaml");
    return boxManifests(this.#settings)
      .map((manifest) => dump(manifest, { noRefs: true, lineWidth: 100 }))
      .join("---\n");
  }

  /** Makes or mends the namespace, its quota, policies and role. */
  async create(options: BackendCreateOptions = {}): Promise<void> {
    if (options.template !== undefined) {
      throw new BackendError("BACKEND_FAILED", "a cluster's box is not made from a file", {
        hint: `apply it yourself: kubectl apply -f ${options.template}`,
      });
    }
    for (const manifest of boxManifests(this.#settings)) {
      const { kind, metadata } = manifest;
      options.onProgress?.(`${kind} ${metadata.name}`);
      await this.#named(`cannot make ${kind} ${metadata.name}`, () =>
        this.#cluster.call("PATCH", `${pathOf(manifest)}/${metadata.name}`, {
          query: { fieldManager: "cco", force: "true" },
          // JSON is YAML.
          contentType: "application/apply-patch+yaml",
          body: manifest,
          signal: options.signal,
        }),
      );
    }
  }

  /** Nothing is started: a namespace is there or not. */
  async start(): Promise<void> {
    if ((await this.status()) === "running") return;
    throw new BackendError("BOX_MISSING", "sandbox not created, run `cco box create`", {
      hint: "cco box create --backend kubernetes",
    });
  }

  /** Ends every session's agent; what they left stays. */
  async stop(): Promise<void> {
    for (const [id, state] of await this.guests()) {
      if (state.kind === "running") await (await this.openGuest(id)).stop();
    }
  }

  /** Removes this person's sessions, and the namespace where cco made it and nobody else has any. */
  async destroy(): Promise<void> {
    const ids = [...(await this.guests()).keys()];
    await Promise.all(ids.map((id) => this.closeGuest(id)));
    await this.#named("cannot remove the box", async () => {
      await this.#provisions.remove();
      await this.#removeNamespace();
    });
  }

  /** Files for the home of every guest made from now on. */
  provision(files: readonly GuestFile[]): Promise<void> {
    return this.#named("cannot provision", () => this.#provisions.put(files));
  }

  async openGuest(
    guestId: string,
    options?: GuestOptions,
    control: OpenControl = {},
  ): Promise<Guest> {
    const id = checkedGuestId(guestId);
    return this.#named(`cannot make the pod of ${id}`, async () => {
      if (options === undefined && (await this.#pods.get(id)) !== undefined) {
        return this.#opener.guest(id);
      }
      const network = options?.network ?? this.#network;
      // What cannot be said is refused before anything is made.
      sessionPolicy(id, network, {});
      const { guest, fresh } = await this.#opener.open(id, { ...options, network }, control);
      if (fresh) await this.#provisions.into(guest);
      return guest;
    });
  }

  async closeGuest(guestId: string): Promise<void> {
    const id = checkedGuestId(guestId);
    await this.#named(`cannot remove the pod of ${id}`, () => this.#pods.remove(id));
  }

  async guests(only?: string): Promise<ReadonlyMap<string, GuestState>> {
    const pods = await this.#named("cannot list the pods", () => this.#pods.list(only));
    const states = new Map<string, GuestState>();
    const unknown: string[] = [];
    for (const [id, pod] of pods) {
      const state = podState(pod);
      if (state.kind === "unknown") unknown.push(id);
      else states.set(id, state);
    }
    const next = async (): Promise<void> => {
      for (let id = unknown.pop(); id !== undefined; id = unknown.pop()) {
        states.set(id, await this.#opener.askState(id));
      }
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, next));
    return states;
  }

  async #removeNamespace(): Promise<void> {
    const path = `/api/v1/namespaces/${this.#settings.namespace}`;
    // Sessions only: a pod that looked into the volume for a cco that was killed is nobody's.
    const query = { labelSelector: `${MANAGED_BY}=${MANAGER},${SESSION}`, limit: "1" };
    const left = await this.#cluster.call<List<Pod>>("GET", `${path}/pods`, { query });
    if (left.items.length > 0) return;
    try {
      const { metadata } = await this.#cluster.call<{ metadata: Meta }>("GET", path);
      if (metadata.labels?.[MANAGED_BY] === MANAGER) await this.#cluster.call("DELETE", path);
    } catch (error) {
      // An administrator's, whose it stays.
      if (!isStatus(error, 404) && !isStatus(error, 403)) throw error;
    }
  }

  async #named<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fromApi(error, what, this.#settings);
    }
  }
}
