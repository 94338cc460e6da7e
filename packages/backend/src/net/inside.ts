import { request } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";

export interface BridgeOptions {
  /** The proxy's unix socket, as the guest sees it. */
  readonly socket: string;
  /** Port of the proxy on the guest's loopback. */
  readonly port: number;
  /** Loopback `host:port` to be listened on as itself and tunnelled to the same of the host. */
  readonly forwards: readonly string[];
  /** The key relay's unix socket, and its port on the guest's loopback. */
  readonly relay?: { readonly socket: string; readonly port: number };
}

/** Listen on the guest's loopback for all of it. @returns how to end it. */
export async function startBridge(options: BridgeOptions): Promise<() => void> {
  const servers: Server[] = [];
  const listen = async (host: string, port: number, upstream: Upstream): Promise<void> => {
    servers.push(await listenTcp(host, port, upstream));
  };
  await listen("127.0.0.1", options.port, () => Promise.resolve(connectUnix(options.socket)));
  const { relay } = options;
  if (relay !== undefined) {
    await listen("127.0.0.1", relay.port, () => Promise.resolve(connectUnix(relay.socket)));
  }
  for (const target of options.forwards) {
    const { hosts, port } = splitTarget(target);
    const [first = "127.0.0.1", ...others] = hosts;
    await listen(first, port, () => tunnel(options.socket, target));
    for (const host of others) {
      // A guest without IPv6 has no ::1; `localhost` then means 127.0.0.1.
      await listen(host, port, () => tunnel(options.socket, target)).catch(() => undefined);
    }
  }
  return () => {
    for (const server of servers) server.close();
  };
}

type Upstream = () => Promise<Duplex>;

function splitTarget(target: string): { hosts: readonly string[]; port: number } {
  const colon = target.lastIndexOf(":");
  const host = target.slice(0, colon).replace(/^\[|\]$/g, "");
  return {
    hosts: host.toLowerCase() === "localhost" ? ["127.0.0.1", "::1"] : [host],
    port: Number(target.slice(colon + 1)),
  };
}

function listenTcp(host: string, port: number, upstream: Upstream): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (client) => void carry(client, upstream));
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new Error(`cannot listen on ${host}:${port} in the guest: ${cause.message}`));
    });
    server.listen(port, host, () => {
      resolve(server);
    });
  });
}

async function carry(client: Socket, upstream: Upstream): Promise<void> {
  client.on("error", () => client.destroy());
  let far: Duplex;
  try {
    far = await upstream();
  } catch {
    client.destroy();
    return;
  }
  far.on("error", () => client.destroy());
  pipeline(client, far, () => undefined);
  pipeline(far, client, () => undefined);
}

function connectUnix(path: string): Socket {
  return connect({ path, allowHalfOpen: true });
}

/** A connection of the host's, opened through the proxy. */
function tunnel(socketPath: string, target: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const ask = request({
      createConnection: () => connectUnix(socketPath),
      method: "CONNECT",
      path: target,
      headers: { host: target },
    });
    ask.once("error", reject);
    ask.once("connect", (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        reject(new Error(`the proxy refused ${target}`));
        return;
      }
      socket.unshift(head);
      resolve(socket);
    });
    ask.end();
  });
}
