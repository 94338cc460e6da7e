import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { quoteArgv } from "@cco/exec";

import type { GuestNetwork } from "../port.js";

import { loopbackForwards } from "./allow.js";

/** Port of the proxy on the guest's own loopback. */
const PROXY_PORT = 3128;

/** Name of the bundled helper; it lies in the package's `dist` and beside the CLI's bundle. */
export const NET_HELPER = "cco-net.cjs";

/**
 * The built helper on this machine: beside this module in a bundle, else in the
 * package's `dist`.
 *
 * @returns `null` where it was not built.
 */
export function netHelperPath(): string | null {
  const candidates = [`./${NET_HELPER}`, `../${NET_HELPER}`, `../../dist/${NET_HELPER}`];
  for (const candidate of candidates) {
    const path = fileURLToPath(new URL(candidate, import.meta.url));
    if (existsSync(path)) return path;
  }
  return null;
}

/** The helper's bytes, for a place that is not this machine. `null` where it was not built. */
export async function readNetHelper(): Promise<Buffer | null> {
  const path = netHelperPath();
  return path === null ? null : readFile(path);
}

/** What a guest sends must not fill the memory of its place. Each flag makes Node start later (16 ms). */
const HEAP_LIMIT = "--max-old-space-size=64";

/** The helper in the place, and the Node that runs it there. */
export interface NetProgram {
  /** Node, by name or absolute path as its own side sees it. */
  readonly node: string;
  /** `cco-net.cjs`, as its own side sees it. */
  readonly helper: string;
}

export interface OutsideOptions extends NetProgram {
  /** Where to listen: a unix socket in a 0700 folder of the session. At most 107 bytes. */
  readonly socket: string;
  readonly network: GuestNetwork;
  /** Where the configuration has `allow`, named in refusals. Default: the local box's. */
  readonly configKey?: string;
  /** A relay beside the proxy that adds a key to what goes to one API host. */
  readonly relay?: {
    /** Where it listens: another unix socket of the session. */
    readonly socket: string;
    /** `https://api.example.com`, with a path where the API has one. */
    readonly target: string;
    /**
     * A 0600 file in the place of `Name: value` lines, such as `x-api-key: …`. It is read and removed
     * before anything else; the key is in no argument, variable or log.
     */
    readonly headerFile: string;
  };
}

/**
 * The proxy outside the sandbox. It prints `ready` and a newline once it listens, ends when
 * its stdin ends, and removes its socket then. Anything wrong is one line on stderr, exit 1.
 */
export function outsideArgv(options: OutsideOptions): readonly string[] {
  const { policy, allow } = options.network;
  const { configKey, relay } = options;
  return [
    options.node,
    HEAP_LIMIT,
    options.helper,
    "outside",
    "--socket",
    options.socket,
    "--policy",
    policy === "open" ? "open" : "allowlist",
    ...(policy === "none" ? loopbackForwards(allow) : allow).flatMap((entry) => ["--allow", entry]),
    ...(configKey === undefined ? [] : ["--config-key", configKey]),
    ...(relay === undefined
      ? []
      : [
          ...["--relay-socket", relay.socket, "--relay-target", relay.target],
          ...["--relay-headers", relay.headerFile],
        ]),
  ];
}

export interface InsideOptions extends NetProgram {
  /** The socket of `outside`, as the guest sees it. */
  readonly socket: string;
  /** Default {@link PROXY_PORT}. */
  readonly port?: number;
  readonly network: GuestNetwork;
  /** The relay's socket as the guest sees it, and the loopback port where its API is then found. */
  readonly relay?: { readonly socket: string; readonly port: number };
}

/**
 * The bridge inside the sandbox: listens on the guest's own loopback and carries every
 * connection to `outside`. Each loopback `host:port` of the allowlist is also
 * listened on, as itself. It prints `ready` and a newline once all listen.
 */
export function insideArgv(options: InsideOptions): readonly string[] {
  const { relay } = options;
  return [
    options.node,
    options.helper,
    "inside",
    "--socket",
    options.socket,
    "--port",
    String(options.port ?? PROXY_PORT),
    ...loopbackForwards(options.network.allow).flatMap((target) => ["--forward", target]),
    ...(relay === undefined
      ? []
      : ["--relay-socket", relay.socket, "--relay-port", String(relay.port)]),
  ];
}

/**
 * Variables by which programs in the guest find the proxy. The guest's own loopback
 * stays direct. Node's `fetch` follows them from Node 24 (`NODE_USE_ENV_PROXY`).
 */
export function proxyEnv(port: number = PROXY_PORT): Readonly<Record<string, string>> {
  const url = `http://127.0.0.1:${port}`;
  const none = "localhost,127.0.0.1,::1";
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    ALL_PROXY: url,
    NO_PROXY: none,
    http_proxy: url,
    https_proxy: url,
    all_proxy: url,
    no_proxy: none,
    NODE_USE_ENV_PROXY: "1",
  };
}

/** Whether a guest with `network` needs the helper: not with `none`, unless a loopback port is listed. */
export function needsNetHelper(network: GuestNetwork): boolean {
  return network.policy !== "none" || loopbackForwards(network.allow).length > 0;
}

/**
 * `box_inside` for {@link insideScript}: starts the network helper's inner half beside the agent,
 * without its terminal, and waits until it listens. In a box where the one of an earlier run is still
 * there, as in a container, that one stays.
 *
 * @param argv {@link insideArgv}
 * @param folder where the guest may write, and nobody else sees it.
 */
export function insideHelper(argv: readonly string[], folder: string): string {
  return `box_inside() {
  if [ -f ${folder}/.cco-net.pid ] && kill -0 "$(cat ${folder}/.cco-net.pid)" 2>/dev/null; then return 0; fi
  rm -f ${folder}/.cco-ready
  mkfifo ${folder}/.cco-ready || return 1
  (${quoteArgv(argv)} </dev/null >${folder}/.cco-ready 2>${folder}/.cco-net.log 9>&- & echo $! >${folder}/.cco-net.pid)
  read -r ready <${folder}/.cco-ready
  [ "$ready" = ready ] || { cat ${folder}/.cco-net.log >&2; return 1; }
}
`;
}
