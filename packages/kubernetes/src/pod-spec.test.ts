import { expect, it } from "vitest";

import { podManifest } from "./pod-spec.js";
import { settingsOf } from "./settings.js";

interface Spec {
  readonly automountServiceAccountToken: boolean;
  readonly restartPolicy: string;
  readonly activeDeadlineSeconds: number;
  readonly runtimeClassName?: string;
  readonly securityContext: object;
  readonly containers: readonly {
    name: string;
    securityContext: object;
    env: object[];
    volumeMounts: object[];
    command: string[];
  }[];
  readonly volumes: readonly { name: string; emptyDir?: { sizeLimit: string } }[];
}

const pod = (given: Parameters<typeof settingsOf>[0] = {}) =>
  podManifest(
    { id: "7f3a9c21", env: { A: "$(HOME) $x" }, network: { policy: "none", allow: [] } },
    settingsOf({ image: "registry.test/agent:1", ...given }, "me"),
  );
const spec = (given?: Parameters<typeof settingsOf>[0]): Spec => pod(given)["spec"] as Spec;

it("has no right, no capability, no token and no end but its own", () => {
  const made = spec();
  expect(made).toMatchObject({
    automountServiceAccountToken: false,
    restartPolicy: "Never",
    activeDeadlineSeconds: 604_800,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  });
  expect(made.containers.map(({ name }) => name)).toEqual(["agent", "keeper"]);
  for (const { securityContext } of made.containers) {
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  }
  for (const { emptyDir } of made.volumes.filter(({ name }) => name !== "session")) {
    expect(Number.parseInt(emptyDir?.sizeLimit ?? "", 10)).toBeGreaterThan(0);
  }
});

it("is made from no image but the one that is configured", () => {
  expect(spec().containers).toMatchObject([{ image: "registry.test/agent:1" }, {}]);
  expect(() => spec({ image: undefined })).toThrow(
    expect.objectContaining({ code: "BOX_MISSING" }) as Error,
  );
});

it("gives credentials to the agent's container, not to the keeper", () => {
  const made = podManifest(
    { id: "7f3a9c21", env: {}, network: { policy: "none", allow: [] }, secrets: true },
    settingsOf({ image: "registry.test/agent:1" }, "me"),
  )["spec"] as Spec;
  const mount = { name: "credentials", mountPath: "/etc/cco-credentials", readOnly: true };
  const [agent, keeper] = made.containers;
  expect(agent?.volumeMounts).toContainEqual(mount);
  expect(agent?.env).toContainEqual({ name: "CCO_SECRETS", value: "/etc/cco-credentials/secrets" });
  expect(JSON.stringify(keeper)).not.toContain("credentials");
  expect(made.volumes).toContainEqual({
    name: "credentials",
    secret: { secretName: "cco-7f3a9c21-credentials", defaultMode: 0o440 },
  });
  expect(JSON.stringify(spec())).not.toContain("credentials");
});

it("is labelled by session, owner and policy, and waits in a queue where one is named", () => {
  expect(pod({ queue: "team", labels: { team: "x" } }).metadata["labels"]).toEqual({
    team: "x",
    "app.kubernetes.io/managed-by": "cco",
    "cco.dev/owner": "me",
    "cco.dev/session": "7f3a9c21",
    "cco.dev/network": "none",
    "kueue.x-k8s.io/queue-name": "team",
  });
});

it("takes variables as they are, and the configured fields", () => {
  const made = spec({
    runtimeClassName: "gvisor",
    pod: { spec: { hostAliases: [{ ip: "10.0.0.1", hostnames: ["git"] }] } },
  });
  expect(made.containers[0]?.env).toContainEqual({ name: "A", value: "$$(HOME) $x" });
  expect(made).toMatchObject({
    runtimeClassName: "gvisor",
    hostAliases: [{ ip: "10.0.0.1", hostnames: ["git"] }],
  });
});

it("gives the keeper the session's own folder of a result volume, and the agent nothing of it", () => {
  const options = { id: "7f3a9c21", env: {}, network: { policy: "none", allow: [] }, saves: 2 };
  const settings = { image: "registry.test/agent:1", resultVolume: "results", salvageMs: 90_000 };
  const made = podManifest(
    options as Parameters<typeof podManifest>[0],
    settingsOf(settings, "me"),
  )["spec"] as Spec;
  const [agent, keeper] = made.containers;
  const mount = { name: "result", mountPath: "/result", subPath: "7f3a9c21" };
  expect(keeper?.volumeMounts).toContainEqual(mount);
  expect(keeper?.command.slice(-2)).toEqual(["2", "90"]);
  expect(JSON.stringify(agent)).not.toContain("result");
  expect(made.volumes).toContainEqual({
    name: "result",
    persistentVolumeClaim: { claimName: "results" },
  });
});
