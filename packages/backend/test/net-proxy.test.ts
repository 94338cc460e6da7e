import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import { parseAllowEntry } from "../src/net/allow.js";
import { startProxy, type ProxyOptions } from "../src/net/outside.js";

import { connectThrough, getThrough, listening, raw } from "./net-support.js";

/** What the service behind the proxy was sent. */
let seen: { url: string; headers: IncomingMessage["headers"] }[] = [];
let lookups: string[] = [];
let port = 0;
let silent = 0;
const servers: Server[] = [];
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  seen = [];
  lookups = [];
  const service = createHttp((request, response) => {
    seen.push({ url: request.url ?? "", headers: request.headers });
    if (request.url === "/big") response.end(Buffer.alloc(5_000_000, 7));
    else response.end(`hello ${request.headers.host ?? ""}`);
  });
  port = await listening(service);
  const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  silent = await listening(echo);
  servers.push(service, echo);
});

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  for (const server of servers.splice(0)) server.close();
});

/** A proxy whose names lead where the test says; the "internet" is this machine's loopback. */
async function proxy(
  kind: "allowlist" | "open",
  allow: readonly string[],
  options: Partial<ProxyOptions> & { names?: Record<string, string[]> } = {},
): Promise<string> {
  const dir = join(makeTempDir(), "ctl");
  mkdirSync(dir, { mode: 0o700 });
  const socket = join(dir, "net");
  closers.push(
    await startProxy({
      socket,
      policy: { kind, entries: allow.map(parseAllowEntry) },
      resolve: (name) => {
        lookups.push(name);
        const found = options.names?.[name];
        return found === undefined
          ? Promise.reject(new Error("ENOTFOUND"))
          : Promise.resolve(found);
      },
      ...options,
    }),
  );
  return socket;
}

const here = (): string => `127.0.0.1:${port}`;

describe("what gets through", () => {
  it("a listed name, by absolute form, with the Host it asked for", async () => {
    const socket = await proxy("allowlist", [`site.test:${port}`, here()], {
      names: { "site.test": ["127.0.0.1"] },
    });
    const answer = await getThrough(socket, `http://site.test:${port}/page?q=1`);
    expect(answer).toMatchObject({ status: 200, text: `hello site.test:${port}` });
    expect(seen.map(({ url }) => url)).toEqual(["/page?q=1"]);
  });

  it("a listed name, by CONNECT, byte for byte in both directions", async () => {
    const socket = await proxy("allowlist", [`site.test:${silent}`, `127.0.0.1:${silent}`], {
      names: { "site.test": ["127.0.0.1"] },
    });
    const tunnel = await connectThrough(socket, `site.test:${silent}`);
    expect(tunnel.status).toBe(200);
    const sent = randomBytes(8_000_000);
    const hash = createHash("sha256");
    let length = 0;
    const received = new Promise<void>((resolve) => {
      tunnel.socket.on("data", (chunk: Buffer) => {
        hash.update(chunk);
        length += chunk.length;
        if (length >= sent.length) resolve();
      });
    });
    tunnel.socket.write(sent);
    await received;
    tunnel.socket.destroy();
    expect(length).toBe(sent.length);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  });

  it("a large answer, whole", async () => {
    const socket = await proxy("allowlist", [here()]);
    const answer = await getThrough(socket, `http://${here()}/big`);
    expect(answer.text.length).toBe(5_000_000);
  });

  it("what is listed, under the open policy too", async () => {
    const socket = await proxy("open", [here()]);
    expect((await getThrough(socket, `http://${here()}/`)).status).toBe(200);
  });

  it("goes to the address that was checked: one lookup, whatever the name means later", async () => {
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    const socket = await proxy("allowlist", [`site.test:${port}`, here()], {
      resolve: () => Promise.resolve(answers.shift() ?? []),
    });
    expect((await getThrough(socket, `http://site.test:${port}/`)).status).toBe(200);
    expect(answers).toHaveLength(1);
    expect((await getThrough(socket, `http://site.test:${port}/`)).status).toBe(403);
  });
});

describe("what is refused", () => {
  it("an unlisted name: 403 that names it and the key, and no lookup", async () => {
    const refused: string[] = [];
    const socket = await proxy("allowlist", ["site.test"], {
      onRefused: (line) => refused.push(line),
    });
    const answer = await getThrough(socket, "http://secret.evil.test/");
    expect(answer.status).toBe(403);
    expect(answer.text).toBe(
      "cco: secret.evil.test:80 is not in this session's network allowlist\n" +
        '  → add "secret.evil.test" to backends.local.network.allow in the user\'s own configuration\n',
    );
    const tunnel = await connectThrough(socket, "secret.evil.test:8443");
    expect(tunnel.status).toBe(403);
    expect(tunnel.text).toContain('add "secret.evil.test:8443" to');
    expect(lookups).toEqual([]);
    expect(refused).toEqual(["refused secret.evil.test:80", "refused secret.evil.test:8443"]);
  });

  it.each(["allowlist", "open"] as const)(
    "under %s, every way to write this machine",
    async (kind) => {
      const socket = await proxy(kind, ["site.test"], {
        names: { "site.test": ["127.0.0.1"], "rebound.test": ["::ffff:127.0.0.1"] },
      });
      const hosts = ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0.0.0.0", "0"];
      const names = ["localhost", "LOCALHOST", "x.localhost", "localhost.", "rebound.test"];
      for (const host of [...hosts, ...names, "[::1]", "[::ffff:127.0.0.1]", "[::]"]) {
        const tunnel = await connectThrough(socket, `${host}:${port}`);
        expect([host, tunnel.status]).toEqual([host, 403]);
        const text = await raw(
          socket,
          `GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`,
        );
        expect([host, text.split("\r\n")[0]]).toEqual([host, "HTTP/1.1 403 Forbidden"]);
      }
      expect(seen).toEqual([]);
    },
  );

  it("this machine by an address of its interfaces", async () => {
    const socket = await proxy("open", [], { ownAddresses: () => ["93.184.216.34"] });
    const tunnel = await connectThrough(socket, "93.184.216.34:443");
    expect([tunnel.status, tunnel.text.includes("an address of the host itself")]).toEqual([
      403,
      true,
    ]);
  });

  it("a listed name that leads to loopback, without telling the address", async () => {
    const socket = await proxy("allowlist", [`site.test:${port}`], {
      names: { "site.test": ["127.0.0.3"] },
    });
    const tunnel = await connectThrough(socket, `site.test:${port}`);
    expect(tunnel.status).toBe(403);
    expect(tunnel.text).toContain(`site.test:${port} leads to a loopback address`);
    expect(tunnel.text).not.toContain("127.0.0.3");
  });

  it("a name that cannot be looked up: 502", async () => {
    const socket = await proxy("open", []);
    expect(await connectThrough(socket, "nowhere.test:443")).toMatchObject({ status: 502 });
  });

  const request = (first: string, ...headers: string[]): string =>
    [first, ...headers, "", ""].join("\r\n");

  it.each([
    ["a user name", () => request(`CONNECT me@${here()} HTTP/1.1`, "Host: x")],
    ["a listed name as user", () => request(`CONNECT ok.test:80@${here()} HTTP/1.1`, "Host: x")],
    ["a path", () => request(`CONNECT ${here()}/x HTTP/1.1`, "Host: x")],
    ["no port", () => request("CONNECT 127.0.0.1 HTTP/1.1", "Host: x")],
    ["port 0", () => request("CONNECT 127.0.0.1:0 HTTP/1.1", "Host: x")],
    ["a port too high", () => request("CONNECT 127.0.0.1:70000 HTTP/1.1", "Host: x")],
    ["percent signs", () => request(`CONNECT %31%32%37.0.0.1:${port} HTTP/1.1`, "Host: x")],
    ["Latin-1", () => request(`CONNECT b\u00fccher.test:443 HTTP/1.1`, "Host: x")],
    ["a user in a URL", () => request(`GET http://ok.test@${here()}/ HTTP/1.1`, `Host: ${here()}`)],
    ["another Host", () => request(`GET http://${here()}/ HTTP/1.1`, "Host: other.test")],
    ["Host with a user", () => request(`GET http://${here()}/ HTTP/1.1`, `Host: a@b:${port}`)],
    ["https by absolute form", () => request(`GET https://${here()}/ HTTP/1.1`, `Host: ${here()}`)],
    ["origin form", () => request("GET / HTTP/1.1", `Host: ${here()}`)],
    ["file:", () => request("GET file:///etc/passwd HTTP/1.1", `Host: ${here()}`)],
    ["not HTTP", () => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"],
    [
      "two lengths",
      () =>
        request(
          `POST http://${here()}/ HTTP/1.1`,
          `Host: ${here()}`,
          "Content-Length: 4",
          "Content-Length: 5",
        ),
    ],
    [
      "length and chunks",
      () =>
        request(
          `POST http://${here()}/ HTTP/1.1`,
          `Host: ${here()}`,
          "Content-Length: 4",
          "Transfer-Encoding: chunked",
        ),
    ],
    [
      "a folded header",
      () => request(`GET http://${here()}/ HTTP/1.1`, `Host: ${here()}`, "X: a", " Host: other"),
    ],
    ["a bare CR", () => request(`GET http://${here()}/ HTTP/1.1`, `Host: ${here()}\rX: y`)],
    [
      "a header of 100 kB",
      () =>
        request(`GET http://${here()}/ HTTP/1.1`, `Host: ${here()}`, `X: ${"a".repeat(100_000)}`),
    ],
    ["a target of 100 kB", () => request(`CONNECT ${"a".repeat(100_000)}:80 HTTP/1.1`, "Host: x")],
  ])("%s: 4xx, and nothing is sent on", async (_name, bytes) => {
    const socket = await proxy("allowlist", [here(), "ok.test"]);
    expect(await raw(socket, bytes())).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(seen).toEqual([]);
    // The proxy is alive and sound after it.
    expect((await getThrough(socket, `http://${here()}/`)).status).toBe(200);
  });

  it("what is sent behind a refused CONNECT", async () => {
    const socket = await proxy("allowlist", [here()]);
    const inner = request(`GET http://${here()}/smuggled HTTP/1.1`, `Host: ${here()}`);
    await raw(socket, `${request("CONNECT no.test:443 HTTP/1.1", "Host: no.test:443")}${inner}`);
    expect(seen).toEqual([]);
  });

  it("each request on a kept connection by itself", async () => {
    const socket = await proxy("allowlist", [here()]);
    const good = request(`GET http://${here()}/one HTTP/1.1`, `Host: ${here()}`);
    const bad = request("GET http://no.test/two HTTP/1.1", "Host: no.test", "Connection: close");
    const text = await raw(socket, good + bad);
    expect(text).toContain("403 Forbidden");
    expect(seen.some(({ url }) => url === "/two")).toBe(false);
  });

  it("proxy credentials and hop-by-hop headers do not reach the service", async () => {
    const socket = await proxy("allowlist", [here()]);
    const basic = `Basic ${Buffer.from("a:b").toString("base64")}`;
    await getThrough(socket, `http://${here()}/`, {
      "proxy-authorization": basic,
      "proxy-connection": "keep-alive",
    });
    expect(Object.keys(seen[0]?.headers ?? {})).not.toContain("proxy-authorization");
  });
});

describe("its socket and its end", () => {
  it("is for this user alone", async () => {
    const socket = await proxy("allowlist", []);
    expect((statSync(socket).mode & 0o777).toString(8)).toBe("600");
  });

  it("takes the place of a dead one's", async () => {
    const dir = makeTempDir();
    const socket = join(dir, "net");
    const left = createServer();
    left.listen(socket);
    // A crash leaves the file: it is aside while the server removes its own.
    renameSync(socket, `${socket}.kept`);
    await promisify(left.close.bind(left))();
    renameSync(`${socket}.kept`, socket);
    closers.push(await startProxy({ socket, policy: { kind: "allowlist", entries: [] } }));
    expect((await getThrough(socket, "http://no.test/")).status).toBe(403);
  });

  it("cuts open tunnels and removes the socket", async () => {
    const socket = await proxy("allowlist", [`127.0.0.1:${silent}`]);
    const tunnel = await connectThrough(socket, `127.0.0.1:${silent}`);
    const closed = new Promise<void>((resolve) =>
      tunnel.socket.once("close", () => {
        resolve();
      }),
    );
    await closers.pop()?.();
    await closed;
    expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
  });
});
