import { describe, expect, it } from "vitest";

import { pendingOf, podState, silentSince } from "./pod-state.js";
import type { ContainerStatus, Pod } from "./types.js";

/** Statuses as Kubernetes 1.34 gave them, shortened. */
const running = (name: string): ContainerStatus => ({
  name,
  state: { running: { startedAt: "2026-01-02T03:04:05Z" } },
});

function pod(status: NonNullable<Pod["status"]>, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return { metadata: { name: "cco-7f3a9c21", ...metadata }, spec: { nodeName: "n1" }, status };
}

function agentEnded(terminated: NonNullable<ContainerStatus["state"]>["terminated"]): Pod {
  return pod({
    phase: "Running",
    containerStatuses: [
      { name: "agent", state: terminated === undefined ? {} : { terminated } },
      running("keeper"),
    ],
  });
}

describe("the state", () => {
  it("is known from outside once the agent was seen to run", () => {
    const status = { phase: "Running", containerStatuses: [running("agent"), running("keeper")] };
    expect(podState(pod(status))).toEqual({ kind: "unknown" });
    const annotations = { "cco.dev/started-at": "2026-01-02T03:04:06.000Z" };
    expect(podState(pod(status, { annotations }))).toEqual({
      kind: "running",
      startedAt: new Date("2026-01-02T03:04:06Z"),
    });
  });

  it.each([
    [{ exitCode: 0 }, { exitCode: 0, signal: null, reason: "exit" }],
    [{ exitCode: 3 }, { exitCode: 3, signal: null, reason: "exit" }],
    [{ exitCode: 137 }, { exitCode: 137, signal: "KILL", reason: "signal" }],
    [{ exitCode: 255 }, { exitCode: 255, signal: null, reason: "exit" }],
    [
      { exitCode: 137, reason: "OOMKilled" },
      { exitCode: 137, signal: "KILL", reason: "out-of-memory" },
    ],
    [
      { exitCode: 0, reason: "OOMKilled" },
      { exitCode: 0, signal: null, reason: "exit" },
    ],
    [
      { exitCode: 137, reason: "ContainerStatusUnknown" },
      { exitCode: null, signal: null, reason: "killed" },
    ],
  ])("is the end of the agent's container: %j", (terminated, end) => {
    const finishedAt = "2026-01-02T04:00:00Z";
    expect(podState(agentEnded({ finishedAt, ...terminated }))).toEqual({
      kind: "ended",
      startedAt: null,
      end: { ...end, endedBy: "observed", endedAt: new Date(finishedAt) },
    });
  });

  it.each([
    ["Evicted", 'Usage of EmptyDir volume "workspace" exceeds the limit "64Mi".', "evicted"],
    [
      "DeadlineExceeded",
      "Pod was active on the node longer than the specified deadline",
      "deadline",
    ],
    ["NodeLost", "Node n1 which was running pod is unresponsive", "node-lost"],
  ])("is lost with its pod: %s", (reason, message, word) => {
    const state = podState(pod({ phase: "Failed", reason, message }));
    expect(state).toEqual({ kind: "lost", reason: word, why: message });
  });

  it("is lost with a node that the cluster gave up", () => {
    const conditions = [
      {
        type: "DisruptionTarget",
        status: "True",
        reason: "DeletionByTaintManager",
        message: "Taint manager: deleting due to NoExecute taint",
      },
    ];
    const state = podState(
      pod({ phase: "Running", conditions }, { deletionTimestamp: "2026-01-02T03:04:05Z" }),
    );
    expect(state).toMatchObject({ kind: "lost", reason: "node-lost" });
  });

  it("is pending in the scheduler's words", () => {
    const message = "0/2 nodes are available: 2 Insufficient cpu.";
    const conditions = [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
    ];
    expect(podState(pod({ phase: "Pending", conditions }))).toEqual({
      kind: "pending",
      why: message,
    });
  });
});

it("tells an image that cannot be had", () => {
  const waiting = { reason: "ErrImageNeverPull", message: 'Container image "x" is not present' };
  const containerStatuses = [{ name: "agent", state: { waiting } }];
  expect(pendingOf(pod({ phase: "Pending", containerStatuses }))).toEqual({
    why: 'ErrImageNeverPull: Container image "x" is not present',
    trouble: "image",
  });
});

it("tells a node that went silent from a container that ended", () => {
  const lastTransitionTime = "2026-01-02T03:04:05Z";
  const ready = (reason?: string): Pod =>
    pod({
      phase: "Running",
      conditions: [
        { type: "Ready", status: "False", lastTransitionTime, ...(reason && { reason }) },
      ],
      containerStatuses: [running("agent"), running("keeper")],
    });
  expect(silentSince(ready())).toBe(lastTransitionTime);
  expect(silentSince(ready("ContainersNotReady"))).toBeNull();
});
