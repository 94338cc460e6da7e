import {
  insideArgv,
  needsNetHelper,
  NET_HELPER,
  outsideArgv,
  proxyEnv,
  type GuestNetwork,
} from "@cco/backend";

import { GUEST_NET, GUEST_NET_HELPER } from "./bwrap-argv.js";
import type { GuestRecord } from "./guest-record.js";

/** The helper listens here; short, because it is started in its folder. */
const SOCKET = "s";
/** The agent's key relay listens here. */
const RELAY_SOCKET = "r";
/** What the relay adds, until it has read it; in {@link netDir}. */
export const RELAY_HEADERS = "headers";

export interface GuestNet {
  readonly socketDir: string;
  readonly helper: string;
  /** argv of the half in the sandbox. */
  readonly inside: readonly string[];
}

/** Folder of all helpers' sockets of a guest, in the place. */
export function netDir(record: Pick<GuestRecord, "guestDir">): string {
  return `${record.guestDir}/net`;
}

/** What the sandbox called `name` needs for its network, or `undefined` where it needs nothing. */
export function guestNet(record: GuestRecord, name: string): GuestNet | undefined {
  const relay = name === "agent" ? record.relay : undefined;
  if (!needsNetHelper(record.network) && relay === undefined) return undefined;
  return {
    socketDir: `${netDir(record)}/${name}`,
    helper: `${netDir(record)}/${NET_HELPER}`,
    inside: insideArgv({
      node: "node",
      helper: GUEST_NET_HELPER,
      socket: `${GUEST_NET}/${SOCKET}`,
      network: record.network,
      ...(relay && { relay: { socket: `${GUEST_NET}/${RELAY_SOCKET}`, port: relay.port } }),
    }),
  };
}

/** The half outside; it runs in its socket's folder. @param relay with the agent's key relay */
export function outsideHelper(
  record: GuestRecord,
  relay: GuestRecord["relay"],
  configKey: string | undefined,
): readonly string[] {
  return outsideArgv({
    node: record.place.tools["node"] ?? "node",
    helper: `../${NET_HELPER}`,
    socket: SOCKET,
    network: record.network,
    ...(configKey === undefined ? {} : { configKey }),
    ...(relay && {
      relay: {
        socket: RELAY_SOCKET,
        target: relay.target,
        headerFile: `../${RELAY_HEADERS}`,
      },
    }),
  });
}

/** With `none` there is nothing to ask a proxy for: loopback is reached as itself. */
export function proxyVariables(network: GuestNetwork): Readonly<Record<string, string>> {
  return network.policy === "none" ? {} : proxyEnv();
}
