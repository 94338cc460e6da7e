import { lookup } from "node:dns/promises";
import type http from "node:http";
import type { LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";

import { RequestError, Server, type PrepareRequestFunctionResult } from "proxy-chain";

import { listenUnix } from "./listen-unix.js";
import { decide, mayResolve, readTarget, type Policy, type Target } from "./policy.js";
import { CONFIG_KEY, refusalText } from "./refusal.js";

/** All addresses of a name. @throws when it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

export interface ProxyOptions {
  /** Unix socket to listen on; a socket left there by a dead proxy is replaced. */
  readonly socket: string;
  readonly policy: Pick<Policy, "kind" | "entries">;
  /** Named in refusals. Default {@link CONFIG_KEY}. */
  readonly configKey?: string;
  /** Default: the system's own resolver. */
  readonly resolve?: Resolve;
  /** Default: what the interfaces of this machine have at that moment. */
  readonly ownAddresses?: () => readonly string[];
  /** One line for each host that is refused, the first time; at most 200. */
  readonly onRefused?: (line: string) => void;
}

/** Connections at once; a package manager opens some 50. */
const MAX_CONNECTIONS = 512;

/**
 * An HTTP proxy (CONNECT and absolute-form) on a unix socket that lets through what the
 * policy allows. A name is looked up once, here, and the connection goes to an address
 * that was checked.
 *
 * @returns how to end it: every connection is cut and the socket removed.
 */
export async function startProxy(options: ProxyOptions): Promise<() => Promise<void>> {
  const gate = new Gate(options);
  const proxy = new Server({
    authRealm: "cco",
    prepareRequestFunction: ({ request, hostname, port }) => gate.admit(request, hostname, port),
  });
  const server = proxy.server as http.Server;
  server.maxConnections = MAX_CONNECTIONS;
  // A long upload is no attack here: the guest pays for it itself.
  server.requestTimeout = 0;
  // proxy-chain takes a connection without a remote address for one already closed; a unix socket has none.
  server.prependListener("connection", (socket) => {
    Object.defineProperty(socket, "remoteAddress", { value: "guest", configurable: true });
  });
  await listenUnix(server, options.socket);
  return () => proxy.close(true);
}

/** Judges each request of one session. */
class Gate {
  readonly #options: ProxyOptions;
  readonly #refused = new Set<string>();

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  async admit(
    request: http.IncomingMessage,
    hostname: string,
    port: number,
  ): Promise<PrepareRequestFunctionResult> {
    const target = readRequest(request, hostname);
    if (target === null || port < 1) throw new RequestError("cco: not a host and port\n", 400);
    const ownAddresses = (this.#options.ownAddresses ?? interfaceAddresses)();
    const policy: Policy = { ...this.#options.policy, ownAddresses };
    const resolved = mayResolve(target, port, policy) ? await this.#resolve(target.host) : [];
    const decision = decide(target, port, resolved, policy);
    if (!decision.allowed) {
      this.#note(`${target.host}:${port}`);
      const key = this.#options.configKey ?? CONFIG_KEY;
      throw new RequestError(refusalText(target, port, decision, key), 403);
    }
    return { dnsLookup: pinned(decision.addresses) };
  }

  async #resolve(name: string): Promise<readonly string[]> {
    try {
      return await (this.#options.resolve ?? systemResolve)(name);
    } catch {
      throw new RequestError(`cco: the name ${name} could not be looked up\n`, 502);
    }
  }

  #note(host: string): void {
    if (this.#refused.has(host) || this.#refused.size >= 200) return;
    this.#refused.add(host);
    this.#options.onRefused?.(`refused ${host}`);
  }
}

const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+):\d{1,5}$/;

/** The request's target, if everything in the request that names a host names the same one. */
function readRequest(request: http.IncomingMessage, hostname: string): Target | null {
  const target = readTarget(hostname);
  if (target === null) return null;
  if (request.method === "CONNECT") return AUTHORITY.test(request.url ?? "") ? target : null;
  const url = new URL(request.url ?? "");
  if (url.username !== "" || url.password !== "") return null;
  // Sent on as it is: a server of many hosts would go by it.
  const { host } = request.headers;
  if (host === undefined) return target;
  const said = URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`) : null;
  return said?.host === url.host ? target : null;
}

function pinned(
  addresses: readonly string[],
): NonNullable<PrepareRequestFunctionResult["dnsLookup"]> {
  const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  const answer: LookupFunction = (_name, options, callback) => {
    const [first] = all;
    if (options.all === true || first === undefined) callback(null, all);
    else callback(null, first.address, first.family);
  };
  return answer as NonNullable<PrepareRequestFunctionResult["dnsLookup"]>;
}

async function systemResolve(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);
}

function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
}
