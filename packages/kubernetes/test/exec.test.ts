import { once } from "node:events";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";

import { afterEach, expect, it, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";

import { Cluster } from "../src/api/cluster.js";
import { podExec } from "../src/api/exec.js";
import { FakeApi } from "./fake-api.js";

const SUCCESS = Buffer.from(`\x03${JSON.stringify({ status: "Success" })}`);
const closers: (() => void)[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const close of closers.splice(0)) close();
});

/** A running program, and the server's end of its stream, which answers no ping. */
async function running(stillThere = () => Promise.resolve()) {
  const api = new FakeApi();
  const streams = new WebSocketServer({ server: api.server, autoPong: false });
  closers.push(() => {
    streams.close();
    api.close();
  });
  const cluster = new Cluster({ env: await api.open() });
  const stdout = new PassThrough();
  const stdin = new PassThrough();
  stdin.write("in");
  const connected = once(streams, "connection") as Promise<[WebSocket]>;
  // Its watch over the stream goes by this clock.
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const argv = ["cat"];
  const pod = { namespace: "cco", pod: "cco-1", container: "keeper" };
  const code = podExec(cluster, {
    ...{ ...pod, argv, stdin, stdout, stderr: new PassThrough().resume(), stillThere },
  });
  code.catch(() => undefined);
  const [server] = await connected;
  // It is watched once it is fed.
  await once(server, "message");
  const pinged = async (): Promise<void> => {
    const ping = once(server, "ping");
    vi.advanceTimersByTime(20_000);
    await ping;
  };
  return { code, server, stdout, pinged };
}

it("gives what the program printed, and its exit code", async () => {
  const { code, server, stdout } = await running();
  server.send(Buffer.from("\x01out"));
  server.send(SUCCESS);
  server.close();
  expect((await buffer(stdout)).toString()).toBe("out");
  expect(await code).toBe(0);
});

it("takes bytes that come for an answer: a stream that is busy is not silent", async () => {
  const { code, server, stdout, pinged } = await running();
  await pinged();
  const came = once(stdout, "data");
  server.send(Buffer.from("\x01out"));
  await came;
  await pinged();
  server.send(SUCCESS);
  server.close();
  expect(await code).toBe(0);
});

it("gives up a stream on which nothing answers", async () => {
  const { code, pinged } = await running();
  await pinged();
  vi.advanceTimersByTime(20_000);
  await expect(code).rejects.toMatchObject({
    code: "CLUSTER_UNREACHABLE",
    message: "the cluster went silent",
  });
});

it("asks whether the pod is still there when nothing moves", async () => {
  const { code, pinged } = await running(() => Promise.reject(new Error("its pod is gone")));
  const later = Date.now() + 60_000;
  vi.spyOn(Date, "now").mockReturnValue(later);
  await pinged();
  vi.restoreAllMocks();
  await expect(code).rejects.toThrow("its pod is gone");
});
