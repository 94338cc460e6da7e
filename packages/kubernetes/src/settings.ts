import { BackendError } from "@cco/backend";

/** How an image is named. */
export const NAME_IMAGE = "cco config set backends.kubernetes.image REGISTRY/IMAGE:TAG";

/** `backends.kubernetes` of the configuration, defaults filled in. */
export interface Settings {
  /** Context of the kubeconfig; `undefined`: the current one. */
  readonly context: string | undefined;
  readonly namespace: string;
  /** What both containers are made from. Nobody's image is a good default: without one, no session. */
  readonly image: string | undefined;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never" | undefined;
  readonly imagePullSecrets: readonly string[];
  /** Kubernetes quantities, per container: `500m`, `2Gi`. */
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  /** Room for each folder of a guest, a quantity: the agent that takes more is stopped. */
  readonly workspaceSize: string;
  /** Seconds that a pod may live at most, its result pulled or not. */
  readonly deadlineSeconds: number;
  /** Milliseconds that a pod may wait for its place. */
  readonly pendingMs: number;
  /** PersistentVolumeClaim of the namespace where what sessions saved outlives their nodes. */
  readonly resultVolume: string | undefined;
  /** Milliseconds between two times that a session's work is saved while it runs. */
  readonly salvageMs: number;
  readonly user: number;
  readonly runtimeClassName: string | undefined;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Readonly<Record<string, unknown>>[];
  readonly priorityClassName: string | undefined;
  /** Name of a Kueue LocalQueue. */
  readonly queue: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** A strategic merge patch of the whole pod. */
  readonly pod: Readonly<Record<string, unknown>>;
  /** `ResourceQuota` of the namespace: its `hard`. */
  readonly quota: Readonly<Record<string, string>>;
  /** Who gets the rights that cco needs: RBAC subjects. */
  readonly subjects: readonly Readonly<Record<string, string>>[];
  /** Whose sessions these are: a label's value. */
  readonly owner: string;
}

export type KubernetesSettings = {
  readonly [K in keyof Settings]?: Settings[K] | undefined;
};

const DEFAULTS: Omit<Settings, "owner"> = {
  context: undefined,
  namespace: "cco",
  image: undefined,
  imagePullPolicy: undefined,
  imagePullSecrets: [],
  requests: { cpu: "250m", memory: "512Mi" },
  limits: { cpu: "2", memory: "4Gi" },
  workspaceSize: "10Gi",
  deadlineSeconds: 7 * 24 * 3600,
  pendingMs: 10 * 60_000,
  resultVolume: undefined,
  salvageMs: 5 * 60_000,
  user: 1000,
  runtimeClassName: undefined,
  nodeSelector: {},
  tolerations: [],
  priorityClassName: undefined,
  queue: undefined,
  labels: {},
  pod: {},
  quota: { pods: "100" },
  subjects: [],
};

/** @throws {BackendError} `BOX_MISSING`: no image is configured. */
export function imageOf({ image }: Settings): string {
  if (image !== undefined) return image;
  throw new BackendError("BOX_MISSING", "no image is configured for sessions on the cluster", {
    hint: NAME_IMAGE,
  });
}

/** @param owner used where the settings name none. */
export function settingsOf(given: KubernetesSettings, owner: string): Settings {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, owner, ...(Object.fromEntries(known) as Partial<Settings>) };
}
