import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import type { Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { GuestNetwork } from "@cco/backend";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import {
  insideArgv,
  insideHelper,
  netHelperPath,
  outsideArgv,
  proxyEnv,
} from "../src/net/index.js";

import { connectThrough, listening } from "./net-support.js";

const bwrap = spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"]).status === 0;
const NODE = process.execPath;

let helper = "";
let dir = "";
let socket = "";
let port = 0;
let service: Server;
const started: ChildProcess[] = [];

beforeAll(() => {
  const build = fileURLToPath(new URL("../build.mjs", import.meta.url));
  expect(spawnSync(NODE, [build], { stdio: "inherit" }).status).toBe(0);
  helper = netHelperPath() ?? "";
});

beforeEach(async () => {
  dir = join(makeTempDir(), "ctl");
  mkdirSync(dir, { mode: 0o700 });
  socket = join(dir, "net");
  service = createHttp((request, response) => {
    response.end(`host service ${request.url ?? ""} of ${request.headers.host ?? ""}`);
  });
  port = await listening(service);
});

afterEach(async () => {
  service.close();
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

/** Start one side and wait until it listens. */
async function ready(argv: readonly string[]): Promise<ChildProcess> {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "ignore"] });
  started.push(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  expect(line.toString()).toBe("ready\n");
  return child;
}

const outside = (network: GuestNetwork): Promise<ChildProcess> =>
  ready(outsideArgv({ node: NODE, helper, socket, network }));

describe("outside", () => {
  it("ends, with its socket, when its stdin ends", async () => {
    const child = await outside({ policy: "allowlist", allow: [] });
    expect((statSync(socket).mode & 0o777).toString(8)).toBe("600");
    expect((await connectThrough(socket, "no.test:443")).status).toBe(403);
    child.stdin?.end();
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
  });

  it("ends when whoever started it is killed", async () => {
    const argv = outsideArgv({
      node: NODE,
      helper,
      socket,
      network: { policy: "open", allow: [] },
    });
    // As the supervisor does: a fifo of which it alone holds the writing end.
    const supervisor = spawn(
      "sh",
      [
        "-c",
        `mkfifo "$0"; exec 9<>"$0"; "$@" <"$0" 9>&- & exec 8>"$0" 9>&-; wait`,
        join(dir, "f"),
        ...argv,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    started.push(supervisor);
    await once(supervisor.stdout, "data");
    const closed = once(supervisor.stdout, "close");
    supervisor.kill("SIGKILL");
    await closed;
    expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
  });

  it.each([
    [["outside", "--socket", "S", "--policy", "allowlist", "--allow", "*"], "network.allow"],
    [["outside", "--socket", "S", "--policy", "maybe"], "--policy is open or allowlist"],
    [["outside", "--policy", "open"], "--socket is missing"],
    [["inside", "--socket", "S", "--port", "0x"], "port"],
    [["sideways", "--socket", "S"], "usage"],
    [["outside", "--socket", "/nonexistent/dir/net", "--policy", "open"], "listen"],
  ])("%j: one line on stderr, exit 1", (args, text) => {
    const run = spawnSync(NODE, [helper, ...args.map((one) => (one === "S" ? socket : one))], {
      encoding: "utf8",
    });
    expect([run.status, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toContain(text);
    expect(run.stderr.trim().split("\n")).toHaveLength(1);
  });
});

it("inside, an agent that is started again finds the helper of its first start", () => {
  const argv = ["sh", "-c", `echo start >>${dir}/starts; echo ready; exec sleep 600`];
  const script = `${insideHelper(argv, dir)}
    trap 'kill "$(cat ${dir}/.cco-net.pid)"' 0
    box_inside && box_inside && cat ${dir}/starts`;
  const run = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  expect([run.status, run.stdout, run.stderr]).toEqual([0, "start\n", ""]);
});

describe.skipIf(!bwrap)("inside a network namespace of its own (needs bubblewrap)", () => {
  /** A guest that sees nothing of the host's network but the socket; `script` is its Node program. */
  async function guest(network: GuestNetwork, script: string): Promise<string> {
    await outside(network);
    const program = join(dir, "guest.mjs");
    writeFileSync(program, script);
    const inside = insideArgv({ node: NODE, helper, socket, network });
    const child = spawn(
      "bwrap",
      [
        ...["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev"],
        ...["--proc", "/proc", "--tmpfs", "/run", "--bind", dir, dir, "--clearenv"],
        ...Object.entries(proxyEnv()).flatMap(([name, value]) => ["--setenv", name, value]),
        ...["--", "sh", "-c"],
        `mkfifo /run/r; "$@" >/run/r & read -r _ </run/r; exec ${NODE} ${program}`,
        "sh",
        ...inside,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    started.push(child);
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(child, "close");
    return Buffer.concat(chunks).toString();
  }

  const GET = `
    import { request } from "node:http";
    import { connect } from "node:net";
    const proxy = new URL(process.env.HTTP_PROXY);
    export const get = (options) => new Promise((resolve) => {
      const ask = request(options, (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve(answer.statusCode + " " + text.split("\\n")[0]));
      });
      ask.on("error", (error) => resolve(error.code));
      ask.end();
    });
    export const through = (url) =>
      get({ host: proxy.hostname, port: proxy.port, path: url, headers: { host: new URL(url).host } });
  `;

  it("a listed loopback port is there as itself, the proxy refuses the others", async () => {
    const other = createHttp((_request, response) => response.end("private"));
    const hidden = await listening(other);
    const network = { policy: "none", allow: [`127.0.0.1:${port}`] } as const;
    const text = await guest(
      network,
      `${GET}
      console.log(await get({ host: "127.0.0.1", port: ${port}, path: "/direct" }));
      console.log(await through("http://127.0.0.1:${port}/proxied"));
      console.log(await get({ host: "127.0.0.1", port: ${hidden} }));
      console.log(await through("http://127.0.0.1:${hidden}/"));
      console.log(await through("http://example.com/"));
      process.exit();`,
    );
    other.close();
    expect(text.trim().split("\n")).toEqual([
      `200 host service /direct of 127.0.0.1:${port}`,
      `200 host service /proxied of 127.0.0.1:${port}`,
      "ECONNREFUSED",
      `403 cco: 127.0.0.1:${hidden} is not in this session's network allowlist`,
      "403 cco: example.com:80 is not in this session's network allowlist",
    ]);
  });

  it("localhost:port is on both loopback addresses", async () => {
    const text = await guest(
      { policy: "allowlist", allow: [`localhost:${port}`] },
      `${GET}
      console.log(await get({ host: "127.0.0.1", port: ${port}, path: "/v4" }));
      console.log(await get({ host: "localhost", port: ${port}, path: "/name" }));
      process.exit();`,
    );
    expect(text.split("\n")[0]).toBe(`200 host service /v4 of 127.0.0.1:${port}`);
    expect(text.split("\n")[1]).toBe(`200 host service /name of localhost:${port}`);
  });

  it("open: nothing of the host's is in reach either", async () => {
    const text = await guest(
      { policy: "open", allow: [] },
      `${GET}
      console.log(await get({ host: "127.0.0.1", port: ${port} }));
      console.log(await through("http://127.0.0.1:${port}/"));
      console.log(await through("http://10.0.0.1/"));
      process.exit();`,
    );
    expect(text.trim().split("\n")).toEqual([
      "ECONNREFUSED",
      expect.stringMatching(/^403 cco: 127\.0\.0\.1:\d+ leads to/),
      expect.stringMatching(/^403 cco: 10\.0\.0\.1:80 leads to a private address/),
    ]);
  });

  it("many connections at once, byte for byte", async () => {
    const text = await guest(
      { policy: "none", allow: [`127.0.0.1:${port}`] },
      `${GET}
      const all = await Promise.all(Array.from({ length: 200 }, (_, n) =>
        get({ host: "127.0.0.1", port: ${port}, path: "/" + n })));
      console.log(all.filter((text, n) => text.includes("service /" + n + " of")).length);
      process.exit();`,
    );
    expect(text.trim()).toBe("200");
  });
});
