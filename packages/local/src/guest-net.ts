import type { GuestNetwork } from "@cco/backend";

import { GUEST_NET, GUEST_NET_HELPER } from "./bwrap-argv.js";
import type { GuestRecord } from "./guest-record.js";
import { insideArgv, needsNetHelper, NET_HELPER, outsideArgv, proxyEnv } from "./net/index.js";

/** The helper listens here; short, because it is started in its folder. */
const SOCKET = "s";

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
  if (!needsNetHelper(record.network)) return undefined;
  return {
    socketDir: `${netDir(record)}/${name}`,
    helper: `${netDir(record)}/${NET_HELPER}`,
    inside: insideArgv({
      node: "node",
      helper: GUEST_NET_HELPER,
      socket: `${GUEST_NET}/${SOCKET}`,
      network: record.network,
    }),
  };
}

/** The half outside; it runs in its socket's folder. */
export function outsideHelper(record: GuestRecord): readonly string[] {
  return outsideArgv({
    node: record.place.tools["node"] ?? "node",
    helper: `../${NET_HELPER}`,
    socket: SOCKET,
    network: record.network,
  });
}

/** With `none` there is nothing to ask a proxy for: loopback is reached as itself. */
export function proxyVariables(network: GuestNetwork): Readonly<Record<string, string>> {
  return network.policy === "none" ? {} : proxyEnv();
}
