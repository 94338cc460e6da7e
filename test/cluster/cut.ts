import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";

import { testCluster } from "./cluster.js";

/** A way to the API server that can be cut. */
export class Cut {
  /** A kubeconfig that goes this way. */
  readonly kubeconfig: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #left = Number.POSITIVE_INFINITY;

  private constructor(server: Server, kubeconfig: string) {
    this.#server = server;
    this.kubeconfig = kubeconfig;
  }

  static async open(dir: string): Promise<Cut> {
    const original = readFileSync(testCluster().kubeconfig, "utf8");
    const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(original)?.[1]);
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const own = (server.address() as AddressInfo).port;
    const file = join(dir, "cut.conf");
    writeFileSync(file, original.replaceAll(`:${port}`, `:${own}`));
    const cut = new Cut(server, file);
    server.on("connection", (socket) => cut.#join(socket, port));
    return cut;
  }

  /** Cut every connection once this many more bytes went through, in whatever direction. */
  after(bytes: number): void {
    this.#left = bytes;
  }

  mend(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(socket: Socket, port: number): void {
    const target = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (chunk) => {
        this.#left -= chunk.length;
        if (this.#left > 0) return;
        for (const each of this.#sockets) each.destroy();
      });
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
