import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";

import { BackendError, type SalvageStore, type Saved } from "@cco/backend";
import type { CommandRunner } from "@cco/exec";

import type { Cluster } from "./api/cluster.js";
import { fromApi } from "./errors.js";
import { MANAGED_BY, MANAGER, OWNER, podName } from "./names.js";
import { commonSpec, LOCKED, RESULT } from "./pod-spec.js";
import { PodRunner } from "./pod-runner.js";
import type { Pods } from "./pods.js";
import { imageOf, type Settings } from "./settings.js";
import type { Manifest, Pod } from "./types.js";

/** Seconds that a pod which looks into the volume lives at most. */
const HELPER_SECONDS = 1_800;

/** Ends at once on TERM. */
const STAY = "trap 'exit 0' TERM; sleep 1800 & wait $!";

/** A saved file of a session: which start of it, and whether it was made after the agent's end. */
export interface SavedFile extends Saved {
  readonly name: string;
  readonly attempt: number;
}

/** The one that counts: of the latest start, and of that the final one. */
export function newestSaved(names: readonly string[]): SavedFile | null {
  const found = names.flatMap((name): SavedFile[] => {
    const [, kind, number] = /^(saved|final)\.([1-9][0-9]{0,3})$/.exec(name) ?? [];
    return kind === undefined ? [] : [{ name, final: kind === "final", attempt: Number(number) }];
  });
  found.sort((a, b) => b.attempt - a.attempt || Number(b.final) - Number(a.final));
  return found[0] ?? null;
}

/** The newest file of a session's folder, to `sink`. @returns `null`: there is none */
export async function readNewest(
  helper: CommandRunner,
  volume: string,
  sink: Writable,
  signal?: AbortSignal,
): Promise<Saved | null> {
  const options = signal === undefined ? {} : { signal };
  const listed = await helper.run(["ls", "-1", RESULT], options);
  // What cannot be listed is not empty: who asks may be about to forget the session.
  if (listed.exitCode !== 0) throw unread(volume, listed.stderr);
  const newest = newestSaved(listed.stdout.toString("utf8").split("\n"));
  if (newest === null) return null;
  const argv = ["cat", `${RESULT}/${newest.name}`];
  const { exitCode, stderr } = await helper.run(argv, { ...options, stdout: sink });
  if (exitCode !== 0) throw unread(volume, stderr);
  return { final: newest.final };
}

function unread(volume: string, stderr: string): BackendError {
  return new BackendError("TRANSFER_FAILED", `${volume} cannot be read: ${stderr.trim()}`);
}

/**
 * The volume where sessions save their work, `<claim>/<session>/`. It is looked into by a small pod
 * of its own: the session's is gone, and so may be its node.
 */
export class ResultVolume implements SalvageStore {
  readonly name: string;
  readonly #claim: string;
  readonly #cluster: Cluster;
  readonly #settings: Settings;
  readonly #pods: Pods;

  constructor(claim: string, cluster: Cluster, settings: Settings, pods: Pods) {
    this.name = `volume ${claim}`;
    this.#claim = claim;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#pods = pods;
  }

  /** @throws {BackendError} the volume cannot be had now. */
  async read(
    id: string,
    sink: Writable,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Saved | null> {
    return this.#with(id, { subPath: id, readOnly: true }, signal, async (helper) => {
      return readNewest(helper, this.name, sink, signal);
    });
  }

  async remove(id: string): Promise<void> {
    await this.#with(id, {}, undefined, async (helper) => {
      const { exitCode, stderr } = await helper.run(["rm", "-rf", "--", `${RESULT}/${id}`]);
      if (exitCode === 0) return;
      throw new BackendError("BACKEND_FAILED", `${this.name} cannot be cleared: ${stderr.trim()}`);
    });
  }

  async #with<T>(
    id: string,
    mount: Readonly<Record<string, unknown>>,
    signal: AbortSignal | undefined,
    work: (helper: PodRunner) => Promise<T>,
  ): Promise<T> {
    const helper = `${id}-result-${randomBytes(3).toString("hex")}`;
    try {
      await this.#pods.create(helperManifest(helper, this.#claim, mount, this.#settings));
      await this.#running(helper, signal);
      return await work(this.#runner(id, helper));
    } catch (error) {
      throw fromApi(error, `cannot look into ${this.name} for session ${id}`, this.#settings);
    } finally {
      await this.#pods.remove(helper).catch(() => undefined);
    }
  }

  async #running(helper: string, signal: AbortSignal | undefined): Promise<void> {
    let why = "its pod does not start";
    const found = (pod: Pod | undefined): boolean => {
      why = whyPending(pod) ?? why;
      const state = pod?.status?.containerStatuses?.[0]?.state;
      return pod === undefined || pod.status?.phase === "Failed" || state?.running !== undefined;
    };
    const notHad = (): BackendError =>
      new BackendError("BACKEND_FAILED", `${this.name} cannot be had: ${why}`, {
        hint: "nothing is lost; the same command works once the volume can be mounted",
      });
    const pod = await this.#pods.untilInTime(helper, found, signal, notHad);
    if (pod?.status?.containerStatuses?.[0]?.state?.running === undefined) throw notHad();
  }

  #runner(id: string, helper: string): PodRunner {
    const { namespace } = this.#settings;
    return new PodRunner({
      cluster: this.#cluster,
      namespace,
      pod: podName(helper),
      container: "result",
      kubectl: ["kubectl", "--namespace", namespace],
      stillThere: () => Promise.resolve(),
      named: (error) => fromApi(error, `session ${id}`, this.#settings),
    });
  }
}

function whyPending(pod: Pod | undefined): string | undefined {
  const scheduled = pod?.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") return scheduled.message ?? scheduled.reason;
  const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  return waiting?.message ?? waiting?.reason ?? pod?.status?.message;
}

/** No session: it has no label of one. */
export function helperManifest(
  helper: string,
  claim: string,
  mount: Readonly<Record<string, unknown>>,
  settings: Settings,
): Manifest {
  const small = { cpu: "10m", memory: "32Mi" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(helper),
      namespace: settings.namespace,
      labels: { ...settings.labels, [MANAGED_BY]: MANAGER, [OWNER]: settings.owner },
    },
    spec: {
      ...commonSpec(settings),
      activeDeadlineSeconds: HELPER_SECONDS,
      containers: [
        {
          name: "result",
          image: imageOf(settings),
          ...(settings.imagePullPolicy === undefined
            ? {}
            : { imagePullPolicy: settings.imagePullPolicy }),
          command: ["sh", "-c", STAY],
          resources: { requests: small, limits: settings.limits },
          securityContext: LOCKED,
          volumeMounts: [{ name: "result", mountPath: RESULT, ...mount }],
        },
      ],
      volumes: [{ name: "result", persistentVolumeClaim: { claimName: claim } }],
    },
  };
}
