import { setTimeout as delay } from "node:timers/promises";

import { anySignal } from "@cco/exec";

import type { Cluster } from "./api/cluster.js";
import { ApiError, isStatus } from "./api/errors.js";
import { pathOf } from "./box.js";
import { MANAGED_BY, MANAGER, OWNER, podName, SESSION } from "./names.js";
import type { Settings } from "./settings.js";
import type { List, Manifest, Meta, Pod } from "./types.js";

/** Longest wait for a deleted pod to go; then its node is taken for dead. */
const DELETE_MS = 45_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];

/** The pods of one person's sessions. */
export class Pods {
  readonly #cluster: Cluster;
  readonly #settings: Settings;

  constructor(cluster: Cluster, settings: Settings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  /** @returns `undefined` where there is none. */
  async get(id: string, signal?: AbortSignal): Promise<Pod | undefined> {
    try {
      return await this.#cluster.call<Pod>("GET", `${this.#path()}/${podName(id)}`, { signal });
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** All of this person's, or of a session of theirs, by session. */
  async list(only?: string): Promise<ReadonlyMap<string, Pod>> {
    const labels = [`${MANAGED_BY}=${MANAGER}`, `${OWNER}=${this.#settings.owner}`];
    if (only !== undefined) labels.push(`${SESSION}=${only}`);
    const labelSelector = labels.join(",");
    const list = await this.#cluster.call<List<Pod>>("GET", this.#path(), {
      query: { labelSelector },
    });
    return new Map(
      list.items.flatMap((pod) => {
        const id = pod.metadata.labels?.[SESSION];
        return id === undefined ? [] : [[id, pod] as const];
      }),
    );
  }

  /** @returns what was there before, or is there now. */
  async create<T>(manifest: Manifest): Promise<T> {
    const path = pathOf(manifest);
    for (;;) {
      try {
        return await this.#cluster.call<T>("POST", path, { body: manifest });
      } catch (error) {
        if (!isStatus(error, 409)) throw error;
      }
      try {
        return await this.#cluster.call<T>("GET", `${path}/${manifest.metadata.name}`);
      } catch (error) {
        // Cleared away between the two.
        if (!isStatus(error, 404)) throw error;
      }
    }
  }

  /** Make what belongs to a pod. One of an earlier pod of this name, not yet cleared away, is replaced. */
  async createOwned(manifest: Manifest, owner: string | undefined): Promise<void> {
    const { metadata } = await this.create<{ metadata: Meta }>(manifest);
    if ((metadata.ownerReferences ?? []).every(({ uid }) => uid === owner)) return;
    const path = pathOf(manifest);
    try {
      await this.#cluster.call("DELETE", `${path}/${manifest.metadata.name}`);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
    await this.#cluster.call("POST", path, { body: manifest });
  }

  async annotate(id: string, annotations: Readonly<Record<string, string>>): Promise<void> {
    await this.#cluster.call("PATCH", `${this.#path()}/${podName(id)}`, {
      body: { metadata: { annotations } },
      contentType: "application/merge-patch+json",
    });
  }

  /** Delete and wait until it is gone; what the pod owns goes with it. A pod that is not there is fine. */
  async remove(id: string): Promise<void> {
    if (!(await this.#delete(id, 1))) return;
    const limit = AbortSignal.timeout(DELETE_MS);
    try {
      await this.until(id, (pod) => pod === undefined, { signal: limit });
    } catch (error) {
      if (!limit.aborted) throw error;
      // Nobody confirms it on a node that does not answer.
      await this.#delete(id, 0);
    }
  }

  /**
   * Resolves as soon as `found` says so, with the pod as it was then; seen by a watch, which is
   * begun again where it breaks off, for as long as `signal` lets it.
   */
  async until(
    id: string,
    found: (pod: Pod | undefined) => boolean,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Pod | undefined> {
    for (let failures = 0; ;) {
      signal?.throwIfAborted();
      try {
        const result = await this.#watch(id, found, signal);
        if (result !== undefined) return result.pod;
        failures = 0;
      } catch (error) {
        if (!passes(error) || (failures >= RETRY_MS.length && signal === undefined)) throw error;
        await delay(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], undefined, { signal });
        failures += 1;
      }
    }
  }

  /** {@link until} within the time that a pod may be pending. @throws `tooLong()`: not by then. */
  async untilInTime(
    id: string,
    found: (pod: Pod | undefined) => boolean,
    signal: AbortSignal | undefined,
    tooLong: () => Error,
  ): Promise<Pod | undefined> {
    const patience = AbortSignal.timeout(this.#settings.pendingMs);
    try {
      return await this.until(id, found, { signal: anySignal(signal, patience) });
    } catch (error) {
      throw patience.aborted && signal?.aborted !== true ? tooLong() : error;
    }
  }

  async #watch(
    id: string,
    found: (pod: Pod | undefined) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly pod: Pod | undefined } | undefined> {
    const fieldSelector = `metadata.name=${podName(id)}`;
    const list = await this.#cluster.call<List<Pod>>("GET", this.#path(), {
      query: { fieldSelector },
      signal,
    });
    if (found(list.items[0])) return { pod: list.items[0] };
    const { resourceVersion } = list.metadata;
    const query = { fieldSelector, resourceVersion };
    for await (const { type, object } of this.#cluster.watch<Pod>(this.#path(), query, signal)) {
      // The version is too old: begin again.
      if (type === "ERROR") return undefined;
      const pod = type === "DELETED" ? undefined : object;
      if (found(pod)) return { pod };
    }
    return undefined;
  }

  async #delete(id: string, gracePeriodSeconds: number): Promise<boolean> {
    try {
      await this.#cluster.call("DELETE", `${this.#path()}/${podName(id)}`, {
        query: {
          gracePeriodSeconds: String(gracePeriodSeconds),
          propagationPolicy: "Background",
        },
      });
      return true;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }

  #path(): string {
    return `/api/v1/namespaces/${this.#settings.namespace}/pods`;
  }
}

/** Trouble that may be over in a moment: the API server restarts, or asks for patience. */
function passes(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.code === "CLUSTER_UNREACHABLE" || error.status === 429 || error.status >= 500;
}
