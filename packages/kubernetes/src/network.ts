import { isIP } from "node:net";

import { BackendError, type GuestNetwork } from "@cco/backend";

import { MANAGED_BY, MANAGER, POLICY, podName, SESSION } from "./names.js";
import type { Manifest } from "./types.js";

/** Not the internet: other pods, nodes, the cloud's own services. */
const PRIVATE = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
];
const PRIVATE_6 = ["::1/128", "fc00::/7", "fe80::/10"];

const DNS = {
  to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

/** What a pod's label says: the namespace's own policies select by it. */
export function policyLabel({ policy, allow }: GuestNetwork): string {
  return policy === "open"
    ? "open"
    : policy === "allowlist" && allow.length > 0
      ? "listed"
      : "none";
}

/** No pod of cco's reaches anything or is reached, unless another policy says so. */
export function namespacePolicies(namespace: string): readonly Manifest[] {
  const policy = (name: string, spec: Readonly<Record<string, unknown>>): Manifest => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, labels: { [MANAGED_BY]: MANAGER } },
    spec,
  });
  return [
    policy("cco-deny", {
      podSelector: { matchLabels: { [MANAGED_BY]: MANAGER } },
      policyTypes: ["Ingress", "Egress"],
    }),
    policy("cco-open", {
      podSelector: { matchLabels: { [MANAGED_BY]: MANAGER, [POLICY]: "open" } },
      policyTypes: ["Egress"],
      egress: [
        DNS,
        {
          to: [
            { ipBlock: { cidr: "0.0.0.0/0", except: PRIVATE } },
            { ipBlock: { cidr: "::/0", except: PRIVATE_6 } },
          ],
        },
      ],
    }),
  ];
}

/**
 * What lets one session reach the addresses of its allowlist.
 *
 * @returns `undefined` where the namespace's policies say all there is.
 * @throws {BackendError} `NETWORK_UNSUPPORTED`: an entry is no address; policies know no names.
 */
export function sessionPolicy(
  id: string,
  network: GuestNetwork,
  metadata: Readonly<Record<string, unknown>>,
): Manifest | undefined {
  const blocks = network.allow.map(blockOf);
  if (network.policy !== "allowlist" || blocks.length === 0) return undefined;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { ...metadata, name: podName(id) },
    spec: {
      podSelector: { matchLabels: { [SESSION]: id } },
      policyTypes: ["Egress"],
      egress: blocks,
    },
  };
}

/** `203.0.113.7`, `203.0.113.0/24`, `[2001:db8::1]`, each with an optional `:port`. */
function blockOf(entry: string): Readonly<Record<string, unknown>> {
  const match = /^(?:\[([^\]]+)\]|([^:\]]+))(?::(\d{1,5}))?$/.exec(entry);
  const address = match?.[1] ?? match?.[2] ?? entry;
  const [host = "", bits] = address.split("/");
  const family = isIP(host);
  if (family === 0 || host.startsWith("127.") || host === "::1") throw unsupported(entry);
  const cidr = `${host}/${bits ?? (family === 4 ? "32" : "128")}`;
  const port = match?.[3];
  return {
    to: [{ ipBlock: { cidr } }],
    ...(port === undefined ? {} : { ports: [{ protocol: "TCP", port: Number(port) }] }),
  };
}

function unsupported(entry: string): BackendError {
  return new BackendError(
    "NETWORK_UNSUPPORTED",
    `a cluster's network policy cannot allow ${entry}: it knows addresses of the network, not names`,
    {
      hint: 'set backends.kubernetes.network: addresses in "allow", or "policy": "open"',
    },
  );
}
