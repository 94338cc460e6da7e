import {
  BackendError,
  parseStates,
  type Guest,
  type GuestNetwork,
  type GuestOptions,
  type GuestState,
  type OpenControl,
} from "@cco/backend";

import type { Cluster } from "./api/cluster.js";
import { ApiError } from "./api/errors.js";
import { fromApi } from "./errors.js";
import { KubernetesGuest } from "./kubernetes-guest.js";
import { podName, STARTED } from "./names.js";
import { sessionPolicy } from "./network.js";
import { CONTROL, podManifest, sessionLabels } from "./pod-spec.js";
import { PodRunner } from "./pod-runner.js";
import { isHopeless, pendingOf, podState, silentSince } from "./pod-state.js";
import { makePodTerminal } from "./pod-terminal.js";
import type { Pods } from "./pods.js";
import { credentialsSecret, sessionSecret } from "./session-secret.js";
import type { Settings } from "./settings.js";
import type { Pod } from "./types.js";

type OpenOptions = GuestOptions & { readonly network: GuestNetwork };

/** Time that an image which cannot be had gets before it counts. */
const IMAGE_MS = 20_000;
const ASK_MS = 15_000;
const READY_MS = 60_000;

/** `ready PROGRAM…`: once the keeper made the guest; names the programs that are not there. */
const READY = `until [ -e ${CONTROL}/ready ]; do sleep 0.05 2>/dev/null || sleep 1; done
for program; do command -v "$program" >/dev/null 2>&1 || printf '%s\\n' "$program"; done`;

/** Makes the pod of a session, and handles of guests that are there. */
export class GuestOpener {
  readonly #cluster: Cluster;
  readonly #settings: Settings;
  readonly #pods: Pods;

  constructor(cluster: Cluster, settings: Settings, pods: Pods) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#pods = pods;
  }

  /**
   * @returns the guest, and whether it was made just now.
   * @throws {BackendError} it does not come up: no room in time, no image, no such program.
   */
  async open(
    id: string,
    options: OpenOptions,
    control: OpenControl,
  ): Promise<{ guest: Guest; fresh: boolean }> {
    const before = await this.#pods.get(id, control.signal);
    if (before === undefined) await this.#make(id, options);
    await this.#running(id, control);
    const keeper = this.#runner(id, "keeper");
    const asked = ["sh", "-c", READY, "ready", ...(options.programs ?? [])];
    const { exitCode, stdout, stderr } = await keeper.run(asked, {
      signal: control.signal,
      timeoutMs: READY_MS,
    });
    if (exitCode !== 0) {
      const said = stderr.trim() || `exit code ${exitCode}`;
      throw new BackendError("START_FAILED", `cannot look into the pod of ${id}: ${said}`);
    }
    const missing = stdout.toString("utf8").split("\n").filter(Boolean);
    if (missing.length > 0) throw this.#programMissing(missing);
    return { guest: this.guest(id), fresh: before === undefined };
  }

  /** A handle; nothing is asked. */
  guest(id: string): KubernetesGuest {
    const keeper = this.#runner(id, "keeper");
    const named = (error: unknown): unknown => fromApi(error, `session ${id}`, this.#settings);
    const terminal = makePodTerminal({
      id,
      pod: podName(id),
      keeper,
      agent: this.#runner(id, "agent"),
      kubectl: this.#kubectl(),
      pods: this.#pods,
      state: () => this.#state(id),
      named,
    });
    return new KubernetesGuest(id, { keeper, terminal });
  }

  /** Whether the agent in a running container was started: only the guest knows, until it is noted. */
  async askState(id: string): Promise<GuestState> {
    const argv = ["sh", `${CONTROL}/launch`, "--far", "running", "--state", id, CONTROL];
    try {
      const { stdout } = await this.#runner(id, "keeper").run(argv, { timeoutMs: ASK_MS });
      const [state] = [...parseStates(stdout.toString("utf8")).values()];
      if (state?.kind !== "running") return { kind: "idle" };
      const startedAt = state.startedAt ?? new Date();
      await this.#pods.annotate(id, { [STARTED]: startedAt.toISOString() });
      return { ...state, startedAt };
    } catch (error) {
      // That it ended would be known. It may run: it is neither started anew nor cleared away.
      const why = error instanceof Error ? error.message : String(error);
      return { kind: "pending", why: `not known: ${why}` };
    }
  }

  async #state(id: string): Promise<GuestState> {
    const pod = await this.#pods.get(id);
    if (pod === undefined) return { kind: "absent" };
    const state = podState(pod);
    return state.kind === "unknown" ? this.askState(id) : state;
  }

  /** The pod first: what else belongs to the session is its property, and goes with it. */
  async #make(id: string, options: OpenOptions): Promise<void> {
    const { env = {}, network, secrets, save } = options;
    const manifest = podManifest(
      { id, env, network, secrets: secrets !== undefined, saves: save?.attempt },
      this.#settings,
    );
    const pod = await this.#pods.create<Pod>(manifest);
    const metadata = {
      name: podName(id),
      namespace: this.#settings.namespace,
      labels: sessionLabels(id, this.#settings),
      ownerReferences: [
        { apiVersion: "v1", kind: "Pod", name: podName(id), uid: pod.metadata.uid },
      ],
    };
    const policy = sessionPolicy(id, network, metadata);
    const saves = this.#settings.resultVolume !== undefined;
    const owned = [
      await sessionSecret(id, options, saves, metadata),
      ...(secrets === undefined ? [] : [credentialsSecret(id, secrets, metadata)]),
      ...(policy === undefined ? [] : [policy]),
    ];
    await Promise.all(owned.map((object) => this.#pods.createOwned(object, pod.metadata.uid)));
  }

  /** Wait for both containers; say what is waited for. */
  async #running(id: string, { signal, onProgress }: OpenControl): Promise<void> {
    let said = "";
    let imageSince: number | undefined;
    let why = "nothing was said";
    const found = (now: Pod | undefined): boolean => {
      const pending = now === undefined ? undefined : pendingOf(now);
      if (pending === undefined) return true;
      why = pending.why;
      if (why !== said && !/^(?:not scheduled yet|ContainerCreating|PodInitializing)$/.test(why)) {
        onProgress?.(`waiting: ${why}`);
      }
      said = why;
      if (pending.trouble === "image") imageSince ??= Date.now();
      if (isHopeless(pending)) throw this.#neverStarts(pending.why);
      if (imageSince !== undefined && Date.now() - imageSince > IMAGE_MS) {
        throw this.#neverStarts(pending.why);
      }
      return now?.status?.phase === "Failed";
    };
    const noPlace = (): BackendError =>
      new BackendError("START_FAILED", `the pod of ${id} found no place: ${why}`, {
        hint: "push again when there is room, or ask for less: backends.kubernetes.requests",
      });
    const pod = await this.#pods.untilInTime(id, found, signal, noPlace);
    if (pod === undefined) throw new BackendError("BACKEND_FAILED", `the pod of ${id} was deleted`);
    const state = podState(pod);
    if (state.kind === "lost") {
      throw new BackendError("START_FAILED", `the pod of ${id} did not start: ${state.why}`);
    }
  }

  #neverStarts(why: string): BackendError {
    const image = why.includes("mage");
    return new BackendError("START_FAILED", `the pod does not start: ${why}`, {
      hint: image
        ? `is ${this.#settings.image ?? "the image"} there, and may the cluster pull it? (backends.kubernetes.image, imagePullSecrets)`
        : "see backends.kubernetes in the configuration",
    });
  }

  #programMissing(names: readonly string[]): BackendError {
    const { image } = this.#settings;
    return new BackendError(
      "PROGRAM_NOT_FOUND",
      `program not found in the image ${image}: ${names.join(", ")}`,
      { hint: "name an image that has it: backends.kubernetes.image" },
    );
  }

  #runner(id: string, container: "agent" | "keeper"): PodRunner {
    return new PodRunner({
      cluster: this.#cluster,
      namespace: this.#settings.namespace,
      pod: podName(id),
      container,
      kubectl: this.#kubectl(),
      stillThere: () => this.#stillThere(id),
      named: (error) => fromApi(error, `session ${id}`, this.#settings),
    });
  }

  #kubectl(): readonly string[] {
    const { context, namespace } = this.#settings;
    const where = context === undefined ? [] : ["--context", context];
    return ["kubectl", ...where, "--namespace", namespace];
  }

  async #stillThere(id: string): Promise<void> {
    const pod = await this.#pods.get(id);
    const state = pod === undefined ? undefined : podState(pod);
    const silent = pod === undefined ? null : silentSince(pod);
    const why =
      pod === undefined
        ? "its pod is gone"
        : state?.kind === "lost"
          ? state.why
          : silent !== null
            ? `its node ${pod.spec?.nodeName ?? ""} does not answer since ${silent}`
            : undefined;
    if (why !== undefined) throw new ApiError("CLUSTER_UNREACHABLE", `session ${id}: ${why}`);
  }
}
