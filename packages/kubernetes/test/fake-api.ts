import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { makeTempDir } from "../../../test/support/temp-dir.js";

/** An answer: an HTTP status, and a body that is sent as JSON, or as it is where it is a string. */
export type Answer = readonly [status: number, body: unknown];

/** An API server that gives prepared answers in order; a call that nothing was said about gets 599. */
export class FakeApi {
  /** `POST /api/v1/…`, in order. */
  readonly calls: string[] = [];
  readonly server: Server;
  readonly #answers: Answer[] = [];

  constructor() {
    this.server = createServer((request, response) => {
      request.resume();
      this.calls.push(`${request.method ?? ""} ${request.url ?? ""}`);
      const [status, body] = this.#answers.shift() ?? [599, {}];
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  answer(status: number, body: unknown = {}): this {
    this.#answers.push([status, body]);
    return this;
  }

  /** Listen. @returns the environment whose kubeconfig leads here */
  async open(): Promise<{ readonly KUBECONFIG: string }> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const { port } = this.server.address() as AddressInfo;
    return { KUBECONFIG: kubeconfig(`http://127.0.0.1:${port}`) };
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** A kubeconfig with one cluster. @returns its path */
export function kubeconfig(server: string): string {
  const file = join(makeTempDir(), "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "test", context: { cluster: "c", user: "u" } }],
    "current-context": "test",
  };
  // Without TLS, the library asks for that word.
  writeFileSync(file, JSON.stringify(config));
  return file;
}
