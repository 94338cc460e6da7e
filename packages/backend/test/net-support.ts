import { once } from "node:events";
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Server, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

/** A `GET` in absolute form, as a client that has a proxy for `http:` sends it. */
export async function getThrough(
  socketPath: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const ask = request({ socketPath, path: url, headers: { host: new URL(url).host, ...headers } });
  ask.end();
  const [response] = (await once(ask, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString(),
    headers: response.headers,
  };
}

/** Send `bytes` as they are, and everything that came back until the other side closed. */
export async function raw(socketPath: string, bytes: string): Promise<string> {
  const socket = connect(socketPath);
  socket.on("error", () => undefined);
  socket.write(bytes, "latin1");
  return all(socket);
}

export interface Tunnel {
  readonly status: number;
  readonly text: string;
  readonly socket: Socket;
}

/** A `CONNECT`; `socket` is the tunnel where `status` is 200. */
export function connectThrough(socketPath: string, authority: string): Promise<Tunnel> {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath, method: "CONNECT", path: authority, agent: false });
    ask.once("error", reject);
    ask.once("connect", (response, socket, head) => {
      const status = response.statusCode ?? 0;
      if (status === 200) {
        socket.unshift(head);
        resolve({ status, text: "", socket });
        return;
      }
      socket.unshift(head);
      void all(socket).then((text) => {
        resolve({ status, text, socket });
      }, reject);
    });
    ask.end();
  });
}

/** Everything that a socket gives until its end. */
async function all(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

/** Listen on a free port of `host`. */
export async function listening(server: Server, host = "127.0.0.1"): Promise<number> {
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
