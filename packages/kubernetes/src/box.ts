import { MANAGED_BY, MANAGER } from "./names.js";
import { namespacePolicies } from "./network.js";
import type { Settings } from "./settings.js";
import type { Manifest } from "./types.js";

/** What cco does in its namespace, and nothing beyond. */
export const RIGHTS = [
  { group: "", resource: "pods", verbs: ["create", "get", "list", "watch", "patch", "delete"] },
  // Which verb a stream's opening is depends on the server's version.
  { group: "", resource: "pods/exec", verbs: ["create", "get"] },
  { group: "", resource: "secrets", verbs: ["create", "get", "patch", "delete"] },
  {
    group: "networking.k8s.io",
    resource: "networkpolicies",
    verbs: ["create", "get", "list", "delete"],
  },
] as const;

/** All that a box is made of, for `box create` or an administrator. */
export function boxManifests(settings: Settings): readonly Manifest[] {
  const { namespace } = settings;
  const labels = { [MANAGED_BY]: MANAGER };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: namespace,
        labels: { ...labels, "pod-security.kubernetes.io/enforce": "restricted" },
      },
    },
    ...(Object.keys(settings.quota).length === 0
      ? []
      : [
          {
            apiVersion: "v1",
            kind: "ResourceQuota",
            metadata: { name: "cco", namespace, labels },
            spec: { hard: settings.quota },
          },
        ]),
    ...namespacePolicies(namespace),
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "cco", namespace, labels },
      rules: RIGHTS.map(({ group, resource, verbs }) => ({
        apiGroups: [group],
        resources: [resource],
        verbs,
      })),
    },
    ...(settings.subjects.length === 0
      ? []
      : [
          {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "RoleBinding",
            metadata: { name: "cco", namespace, labels },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "cco" },
            subjects: settings.subjects,
          },
        ]),
  ];
}

/** Where objects of a kind are in the API. */
export function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const plural = kind === "NetworkPolicy" ? "networkpolicies" : `${kind.toLowerCase()}s`;
  const space = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `${root}${space}/${plural}`;
}
