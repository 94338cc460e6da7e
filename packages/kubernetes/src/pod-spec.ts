import type { GuestNetwork } from "@cco/backend";

import { strategicMerge } from "./merge.js";
import { bytesOf } from "./quantity.js";
import { credentialsName, MANAGED_BY, MANAGER, OWNER, podName, POLICY, SESSION } from "./names.js";
import { policyLabel } from "./network.js";
import { imageOf, type Settings } from "./settings.js";
import type { Manifest } from "./types.js";

/** Folders of a guest, the same in both containers. */
export const WORKSPACE = "/workspace";
export const EXCHANGE = "/exchange";
export const HOME = "/home/agent";
export const CONTROL = "/cco";
/** The session's Secret, mounted. */
export const SESSION_FILES = "/etc/cco";
/** The agent's credentials, which the keeper has not. */
const CREDENTIALS = "/etc/cco-credentials";
/** Key of the one file there. */
export const CREDENTIALS_KEY = "secrets";

export interface PodOptions {
  readonly id: string;
  readonly env: Readonly<Record<string, string>>;
  readonly network: GuestNetwork;
  /** It has credentials, in a Secret of their own. */
  readonly secrets?: boolean;
  /** Which start of the session saves its work, where there is a volume for it. */
  readonly saves?: number | undefined;
}

/** Where the keeper saves work that outlives the node. */
export const RESULT = "/result";

/** The scripts come out of the session's Secret, so that a pod's own description stays small. */
const KEEPER = `cd ${SESSION_FILES} && . ./after && cd / && exec sh -c "$(cat ${SESSION_FILES}/keeper)" keeper "$0" "$(cat ${SESSION_FILES}/launch)" "$(cat ${SESSION_FILES}/box.sh)" "$@"`;
/** As the session's start number $2, every $3 seconds. */
const SAVER = `sh ${SESSION_FILES}/saver "$0" "$2" every "$3" & `;
const AGENT = `sh ${SESSION_FILES}/guard "$0" "$1" & exec sh -c "$(cat ${SESSION_FILES}/entry)" entry "$0"`;

/**
 * The pod of a session: `agent`, whose termination is the observed end, and `keeper`, where
 * everything else happens and which stays until the result is pulled. Nothing in it has a
 * right or a capability, or knows the cluster.
 */
export function podManifest(options: PodOptions, settings: Settings): Manifest {
  const { id, network, secrets = false } = options;
  const { resultVolume } = settings;
  const saves = resultVolume === undefined ? undefined : options.saves;
  const pod: Manifest = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(id),
      namespace: settings.namespace,
      labels: {
        ...sessionLabels(id, settings),
        [POLICY]: policyLabel(network),
        ...queue(settings),
      },
    },
    spec: {
      ...commonSpec(settings),
      containers: [
        container("agent", AGENT, { ...options, saves: undefined }, settings),
        container("keeper", KEEPER, { ...options, secrets: false, saves }, settings),
      ],
      volumes: [
        ...["workspace", "exchange", "home", "agent-tmp", "keeper-tmp"].map((name) => ({
          name,
          emptyDir: { sizeLimit: String(evictedFrom(settings)) },
        })),
        { name: "control", emptyDir: { sizeLimit: "256Mi" } },
        { name: "session", secret: { secretName: podName(id), defaultMode: 0o440 } },
        ...(secrets
          ? [
              {
                name: "credentials",
                secret: { secretName: credentialsName(id), defaultMode: 0o440 },
              },
            ]
          : []),
        ...(saves === undefined
          ? []
          : [{ name: "result", persistentVolumeClaim: { claimName: resultVolume } }]),
      ],
    },
  };
  return strategicMerge(pod, settings.pod);
}

/** What every pod of cco has: no rights, and the place that the settings name. */
export function commonSpec(settings: Settings): Readonly<Record<string, unknown>> {
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // Neither waits for anything at the end: the keeper obeys TERM at once.
    terminationGracePeriodSeconds: 1,
    activeDeadlineSeconds: settings.deadlineSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: settings.user,
      runAsGroup: settings.user,
      fsGroup: settings.user,
      seccompProfile: { type: "RuntimeDefault" },
    },
    ...optional("runtimeClassName", settings.runtimeClassName),
    ...optional("priorityClassName", settings.priorityClassName),
    ...(Object.keys(settings.nodeSelector).length === 0
      ? {}
      : { nodeSelector: settings.nodeSelector }),
    ...(settings.tolerations.length === 0 ? {} : { tolerations: settings.tolerations }),
    ...(settings.imagePullSecrets.length === 0
      ? {}
      : { imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })) }),
  };
}

/** What tells cco's objects of this person from others. */
export function sessionLabels(id: string, settings: Settings): Readonly<Record<string, string>> {
  return { ...settings.labels, [MANAGED_BY]: MANAGER, [OWNER]: settings.owner, [SESSION]: id };
}

/** A container that can do nothing to its node. */
export const LOCKED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;

function container(
  name: "agent" | "keeper",
  script: string,
  { id, env, secrets = false, saves }: PodOptions,
  settings: Settings,
): Readonly<Record<string, unknown>> {
  const small = { cpu: "10m", memory: "32Mi" };
  return {
    name,
    image: imageOf(settings),
    ...optional("imagePullPolicy", settings.imagePullPolicy),
    command: [
      "sh",
      "-c",
      saves === undefined ? script : `${SAVER}${script}`,
      id,
      String(Math.floor(bytesOf(settings.workspaceSize) / 1024)),
      ...(saves === undefined ? [] : [String(saves), String(Math.ceil(settings.salvageMs / 1000))]),
    ],
    workingDir: "/",
    env: Object.entries({
      ...env,
      HOME,
      CCO_SESSION: id,
      ...(secrets ? { CCO_SECRETS: `${CREDENTIALS}/${CREDENTIALS_KEY}` } : {}),
    }).map(([variable, value]) => ({
      name: variable,
      // `$(NAME)` would be replaced by another variable's value.
      value: value.replaceAll("$(", () => "$$("),
    })),
    // The keeper only bundles and streams; it may use as much as the agent while it does.
    resources: { requests: name === "agent" ? settings.requests : small, limits: settings.limits },
    securityContext: LOCKED,
    volumeMounts: [
      { name: "workspace", mountPath: WORKSPACE },
      { name: "exchange", mountPath: EXCHANGE },
      { name: "home", mountPath: HOME },
      { name: "control", mountPath: CONTROL },
      { name: `${name}-tmp`, mountPath: "/tmp" },
      { name: "session", mountPath: SESSION_FILES, readOnly: true },
      ...(secrets ? [{ name: "credentials", mountPath: CREDENTIALS, readOnly: true }] : []),
      // Of the volume only the session's own folder.
      ...(saves === undefined ? [] : [{ name: "result", mountPath: RESULT, subPath: id }]),
    ],
  };
}

/**
 * Bytes of a folder from which on the cluster ends the pod: well above those at which the agent is
 * stopped, so that a fast writer is caught before.
 */
function evictedFrom({ workspaceSize }: Settings): number {
  return 2 * bytesOf(workspaceSize) + 256 * 1024 * 1024;
}

function queue({ queue: name }: Settings): Readonly<Record<string, string>> {
  return name === undefined ? {} : { "kueue.x-k8s.io/queue-name": name };
}

function optional(key: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [key]: value };
}
