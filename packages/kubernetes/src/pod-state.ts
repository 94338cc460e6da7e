import { signalOf, type End, type GuestState } from "@cco/backend";

import { STARTED } from "./names.js";
import type { Condition, ContainerStatus, Pod } from "./types.js";

/** Reasons of a waiting container that no waiting mends. */
const HOPELESS: ReadonlySet<string> = new Set([
  "ErrImageNeverPull",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

const IMAGE_TROUBLE: ReadonlySet<string> = new Set(["ErrImagePull", "ImagePullBackOff"]);

/** Why a pod does not run yet, in the cluster's own words. */
export interface Pending {
  readonly why: string;
  /** `image`: it cannot be had, at least not now. `config`: this pod never starts. */
  readonly trouble: "image" | "config" | null;
}

/** What a pod's status says of a session. `unknown`: the agent's container runs; only it knows if the agent does. */
export type PodState = GuestState | { readonly kind: "unknown" };

/** The session's state, from outside the guest. */
export function podState(pod: Pod): PodState {
  const gone = goneOf(pod);
  if (gone !== undefined) return gone;
  const agent = containerOf(pod, "agent");
  const terminated = agent?.state?.terminated;
  const startedAt = startedOf(pod);
  if (terminated !== undefined) {
    return { kind: "ended", startedAt, end: endOf(terminated) };
  }
  const pending = pendingOf(pod);
  if (pending !== undefined) return { kind: "pending", why: pending.why };
  if (startedAt === null) return { kind: "unknown" };
  return { kind: "running", startedAt };
}

/** Where the pod ended as a whole, its bytes went with it. */
function goneOf(pod: Pod): GuestState | undefined {
  const { status, metadata } = pod;
  const disruption = conditionOf(pod, "DisruptionTarget");
  if (metadata.deletionTimestamp !== undefined) {
    const nodeLost = disruption?.reason === "DeletionByTaintManager";
    return {
      kind: "lost",
      reason: nodeLost ? "node-lost" : "evicted",
      why:
        disruption?.message ??
        (nodeLost ? `node ${pod.spec?.nodeName ?? "?"} is gone` : "its pod is being deleted"),
    };
  }
  if (status?.phase !== "Failed") return undefined;
  switch (status.reason) {
    case "Evicted":
    case "Preempting":
      return { kind: "lost", reason: "evicted", why: status.message ?? status.reason };
    case "DeadlineExceeded":
      return { kind: "lost", reason: "deadline", why: status.message ?? status.reason };
    case "NodeLost":
    case "NodeShutdown":
    case "Terminated":
    case "UnexpectedAdmissionError":
      return { kind: "lost", reason: "node-lost", why: status.message ?? status.reason };
    default:
      break;
  }
  const keeper = containerOf(pod, "keeper")?.state?.terminated;
  if (disruption !== undefined) {
    return { kind: "lost", reason: "evicted", why: disruption.message ?? "evicted" };
  }
  if (keeper !== undefined) {
    const words = keeper.message ?? keeper.reason ?? `exit code ${keeper.exitCode}`;
    return { kind: "lost", reason: "box-gone", why: `its keeper ended: ${words}` };
  }
  return undefined;
}

/** @returns `undefined` once both containers run. */
export function pendingOf(pod: Pod): Pending | undefined {
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False") {
    return { why: scheduled.message ?? scheduled.reason ?? "not scheduled", trouble: null };
  }
  for (const name of ["agent", "keeper"]) {
    const state = containerOf(pod, name)?.state;
    if (state?.running !== undefined || state?.terminated !== undefined) continue;
    const reason = state?.waiting?.reason ?? "";
    const words = state?.waiting?.message ?? "";
    const trouble = HOPELESS.has(reason) ? (reason.includes("Image") ? "image" : "config") : null;
    return {
      why: [reason, words].filter((part) => part !== "").join(": ") || "not scheduled yet",
      trouble: IMAGE_TROUBLE.has(reason) ? "image" : trouble,
    };
  }
  return undefined;
}

/** Whether no waiting mends it. */
export function isHopeless({ why }: Pending): boolean {
  return [...HOPELESS].some((reason) => why.startsWith(reason));
}

/** Since when the pod's node does not answer, or `null` where it does. */
export function silentSince(pod: Pod): string | null {
  const ready = conditionOf(pod, "Ready");
  const running = containerOf(pod, "keeper")?.state?.running !== undefined;
  // A container that has ended makes a pod not ready, too, and says so.
  if (!running || ready?.status !== "False" || (ready.reason ?? "") !== "") return null;
  return ready.lastTransitionTime ?? "";
}

function endOf(terminated: NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>): End {
  const finished = terminated.finishedAt;
  const common = {
    endedBy: "observed",
    endedAt: finished === undefined || finished === null ? null : new Date(finished),
  } as const;
  const signal = signalOf(terminated.exitCode);
  // It may be a program of the agent's that was killed, and the agent ended well all the same.
  if (terminated.reason === "OOMKilled" && terminated.exitCode !== 0) {
    return { ...common, exitCode: terminated.exitCode, signal, reason: "out-of-memory" };
  }
  // What was left for the cluster to read: the guest's word, for why it was stopped.
  if (terminated.message?.trim() === "disk-full") {
    return { ...common, exitCode: terminated.exitCode, signal: null, reason: "disk-full" };
  }
  if (terminated.reason === "ContainerStatusUnknown") {
    return { ...common, exitCode: null, signal: null, reason: "killed" };
  }
  return {
    ...common,
    exitCode: terminated.exitCode,
    signal,
    reason: signal === null ? "exit" : "signal",
  };
}

function startedOf(pod: Pod): Date | null {
  const text = pod.metadata.annotations?.[STARTED];
  const date = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? null : new Date(date);
}

function conditionOf(pod: Pod, type: string): Condition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

function containerOf(pod: Pod, name: string): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find((status) => status.name === name);
}
