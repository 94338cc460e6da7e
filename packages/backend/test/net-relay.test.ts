import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttp, request, type IncomingMessage } from "node:http";
import type { Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import { insideArgv, netHelperPath, outsideArgv } from "../src/net/index.js";
import { startRelay, takeHeaders } from "../src/net/relay.js";

import { listening, raw } from "./net-support.js";

const KEY = "sk-test-0123456789";
const NODE = process.execPath;

let dir = "";
let socket = "";
let api: Server;
let target = "";
let seen: { url: string; method: string; headers: IncomingMessage["headers"]; body: string }[] = [];
let elsewhere = 0;
let other: Server;
let otherPort = 0;
const closers: (() => Promise<void>)[] = [];

beforeEach(async () => {
  dir = makeTempDir();
  socket = join(dir, "r");
  seen = [];
  elsewhere = 0;
  api = createHttp((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { url = "", method = "", headers } = incoming;
      seen.push({ url, method, headers, body: Buffer.concat(chunks).toString() });
      if (url === "/break") {
        response.write("half");
        setImmediate(() => response.destroy());
      } else if (url === "/redirect") {
        response.writeHead(302, { location: `http://127.0.0.1:${otherPort}/` }).end();
      } else {
        response.writeHead(200, { "content-type": "text/event-stream", "x-answer": "yes" });
        response.end("data: hello\n\n");
      }
    });
  });
  target = `http://127.0.0.1:${await listening(api)}`;
  other = createHttp((_request, response) => {
    elsewhere += 1;
    response.end();
  });
  otherPort = await listening(other);
});

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  for (const server of [api, other]) server.close();
});

async function relay(to = target, headers: Record<string, string> = { "x-api-key": KEY }) {
  closers.push(await startRelay({ socket, target: to, headers }));
}

interface Asked {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly whole: boolean;
}

async function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Asked> {
  const { body, ...rest } = options;
  const asking = request({ socketPath: socket, path, agent: false, ...rest });
  asking.end(body);
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  response.on("error", () => undefined);
  await new Promise((resolve) => response.once("close", resolve));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
    whole: response.complete,
  };
}

describe("takeHeaders", () => {
  const file = (text: string, mode = 0o600): string => {
    const path = join(dir, "key");
    writeFileSync(path, text, { mode });
    return path;
  };

  it("reads the headers and removes the file", () => {
    const path = file(`x-api-key: ${KEY}\nAuthorization: Bearer a b\n`);
    expect(takeHeaders(path)).toEqual({ "x-api-key": KEY, authorization: "Bearer a b" });
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ["", 0o600],
    [KEY, 0o600],
    [`x y: ${KEY}`, 0o600],
    [`x-api-key: ${KEY}\u0007`, 0o600],
    [`x-api-key: ${KEY}`, 0o644],
  ])("refuses %j of mode %o, removes it, and does not repeat it", (text, mode) => {
    const path = file(text, mode);
    let said = "";
    try {
      takeHeaders(path);
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain("header file");
    expect(said).not.toContain(KEY);
    expect(existsSync(path)).toBe(false);
  });
});

describe("the relay", () => {
  it("adds the key and passes the rest on, both ways", async () => {
    await relay();
    const answer = await ask("/v1/messages?beta=true", {
      method: "POST",
      headers: { "content-type": "application/json", "x-version": "1" },
      body: '{"a":1}',
    });
    expect(answer).toMatchObject({ status: 200, text: "data: hello\n\n" });
    expect(answer.headers["x-answer"]).toBe("yes");
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      url: "/v1/messages?beta=true",
      method: "POST",
      body: '{"a":1}',
    });
    expect(seen[0]?.headers).toMatchObject({
      "x-api-key": KEY,
      "x-version": "1",
      host: new URL(target).host,
    });
  });

  it("puts its key in place of one of the guest's", async () => {
    await relay();
    await ask("/", { headers: { "X-Api-Key": "guess" } });
    expect(seen[0]?.headers["x-api-key"]).toBe(KEY);
  });

  it("puts the target's path before the request's", async () => {
    await relay(`${target}/base/`);
    await ask("/v1");
    expect(seen[0]?.url).toBe("/base/v1");
  });

  it("goes to its host only, whatever the request names", async () => {
    await relay();
    const there = `127.0.0.1:${otherPort}`;
    await ask(`//${there}/`, { headers: { host: there } });
    await ask(`/@${there}/`, { headers: { "x-forwarded-host": there } });
    for (const line of [`GET http://${there}/ HTTP/1.1`, `CONNECT ${there} HTTP/1.1`]) {
      const text = await raw(socket, `${line}\r\nHost: ${there}\r\nConnection: close\r\n\r\n`);
      expect(text).not.toMatch(/^HTTP\/1\.1 2/);
    }
    expect(elsewhere).toBe(0);
    expect(seen.map(({ url }) => url)).toEqual([`//${there}/`, `/@${there}/`]);
  });

  it("hands a redirect on and follows none", async () => {
    await relay();
    expect((await ask("/redirect")).status).toBe(302);
    expect(elsewhere).toBe(0);
  });

  it("an answer that breaks off breaks off here too", async () => {
    await relay();
    expect(await ask("/break")).toMatchObject({ text: "half", whole: false });
  });

  it("says so when its host is not there, without the key", async () => {
    await relay("http://127.0.0.1:1");
    const answer = await ask("/");
    expect(answer.status).toBe(502);
    expect(JSON.stringify(answer)).not.toContain(KEY);
  });

  it("is for this user alone", async () => {
    await relay();
    expect((statSync(socket).mode & 0o777).toString(8)).toBe("600");
  });
});

const bwrap = spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"]).status === 0;

describe.skipIf(!bwrap)("the relay in the helper (needs bubblewrap)", () => {
  let helper = "";
  const started: ChildProcess[] = [];

  beforeAll(() => {
    const build = fileURLToPath(new URL("../build.mjs", import.meta.url));
    expect(spawnSync(NODE, [build], { stdio: "inherit" }).status).toBe(0);
    helper = netHelperPath() ?? "";
  });

  afterEach(async () => {
    for (const child of started.splice(0)) {
      if (child.exitCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  it("gives a guest without a network its API, and never the key", async () => {
    const net = join(dir, "net");
    mkdirSync(net, { mode: 0o700 });
    const headerFile = join(dir, "key");
    writeFileSync(headerFile, `x-api-key: ${KEY}\n`, { mode: 0o600 });
    const network = { policy: "none", allow: [] } as const;
    const [proxy, relayed] = [join(net, "s"), join(net, "r")];
    const [file = "", ...args] = outsideArgv({
      ...{ node: NODE, helper, socket: proxy, network },
      relay: { socket: relayed, target, headerFile },
    });
    const outside = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    started.push(outside);
    await once(outside.stdout, "data");
    expect(existsSync(headerFile)).toBe(false);
    const ofProcess = ["cmdline", "environ"].map((name) =>
      readFileSync(`/proc/${outside.pid ?? 0}/${name}`, "utf8"),
    );
    expect(ofProcess.join()).not.toContain(KEY);

    const program = `
      const answer = await fetch("http://127.0.0.1:4011/v1/messages", { method: "POST", body: "{}" });
      console.log(answer.status, await answer.text());
      process.exit();`;
    writeFileSync(join(net, "guest.mjs"), program);
    const inside = insideArgv({
      ...{ node: NODE, helper, socket: proxy, network },
      relay: { socket: relayed, port: 4011 },
    });
    const guest = spawn(
      "bwrap",
      [
        ...["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev"],
        ...["--proc", "/proc", "--tmpfs", "/run", "--", "sh", "-c"],
        `mkfifo /run/r; "$@" >/run/r & read -r _ </run/r; exec ${NODE} ${net}/guest.mjs`,
        ...["sh", ...inside],
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    started.push(guest);
    expect(await text(guest.stdout)).toBe("200 data: hello\n\n\n");
    expect(seen[0]?.headers["x-api-key"]).toBe(KEY);
  });
});
