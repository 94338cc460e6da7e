import { closeSync, fstatSync, openSync, readFileSync, unlinkSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream";

import { listenUnix } from "./listen-unix.js";

/** Headers of one connection, not of what is carried over it (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

export interface RelayOptions {
  /** Unix socket to listen on. */
  readonly socket: string;
  /** Where every request goes, and nowhere else: `https://api.example.com`, a path is put before. */
  readonly target: string;
  /** What is put into every request; a guest's own header of that name is dropped. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Headers from a file of `Name: value` lines, which is removed at once.
 *
 * @throws the file is not there, is open to others, or holds anything else. What it holds is never
 *   part of an error.
 */
export function takeHeaders(path: string): Readonly<Record<string, string>> {
  const text = takeText(path);
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  const headers: Record<string, string> = {};
  for (const [index, line] of lines.entries()) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (
      colon < 1 ||
      !/^[a-z0-9-]+$/.test(name) ||
      !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
    ) {
      throw new Error(`line ${index + 1} of the relay's header file is not a header`);
    }
    headers[name] = value;
  }
  if (lines.length === 0) throw new Error("the relay's header file is empty");
  return headers;
}

function takeText(path: string): string {
  const file = openSync(path, "r");
  try {
    unlinkSync(path);
    if ((fstatSync(file).mode & 0o077) !== 0) {
      throw new Error("the relay's header file is open to other users");
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/**
 * A reverse proxy that adds a key the guest never has. It sends to one host only, whatever the
 * request says, follows no redirect and carries no upgrade.
 *
 * @returns how to end it.
 */
export async function startRelay(options: RelayOptions): Promise<() => Promise<void>> {
  const target = new URL(options.target);
  if (target.protocol !== "https:" && target.protocol !== "http:") {
    throw new Error("the relay's target is not http or https");
  }
  const client = target.protocol === "https:" ? https : http;
  const agent = new client.Agent({ keepAlive: true });
  const server = http.createServer((incoming, outgoing) => {
    relay(incoming, outgoing, options.headers, (headers) =>
      client.request({
        agent,
        protocol: target.protocol,
        hostname: target.hostname.replace(/^\[|\]$/g, ""),
        port: target.port,
        method: incoming.method,
        path: target.pathname.replace(/\/$/, "") + (incoming.url ?? ""),
        headers: { ...headers, host: target.host },
      }),
    );
  });
  // An answer of a model takes as long as it takes, and so does a question.
  server.requestTimeout = 0;
  await listenUnix(server, options.socket);
  return async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

function relay(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  own: Readonly<Record<string, string>>,
  ask: (headers: http.OutgoingHttpHeaders) => http.ClientRequest,
): void {
  // Origin form only: an absolute form would name another host than the one it goes to.
  if (incoming.url?.startsWith("/") !== true) {
    incoming.resume();
    outgoing.writeHead(400, { "content-type": "text/plain" }).end("cco: not a path\n");
    return;
  }
  const request = ask({ ...passedOn(incoming.headers), ...own });
  const fail = (): void => {
    if (outgoing.headersSent) outgoing.destroy();
    else {
      outgoing.writeHead(502, { "content-type": "text/plain" });
      outgoing.end("cco: the API host could not be reached\n");
    }
  };
  request.once("response", (response) => {
    outgoing.writeHead(response.statusCode ?? 502, passedOn(response.headers));
    outgoing.flushHeaders();
    pipeline(response, outgoing, () => undefined);
  });
  request.on("error", fail);
  outgoing.once("close", () => request.destroy());
  incoming.pipe(request);
}

function passedOn(headers: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const named = (headers.connection ?? "").toLowerCase().split(/[\s,]+/);
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name) && name !== "host",
    ),
  );
}
