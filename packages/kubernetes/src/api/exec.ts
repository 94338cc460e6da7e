import type { IncomingMessage } from "node:http";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";

import type { WebSocket } from "ws";

import type { Cluster } from "./cluster.js";
import { ApiError } from "./errors.js";
import { brokenOff, exitCodeOf, refused } from "./exec-answers.js";

export interface PodExecOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly argv: readonly string[];
  readonly stdin?: Readable | undefined;
  /** Both are ended at the end of the program's output, and destroyed where that did not come whole. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly signal?: AbortSignal | undefined;
  /** Asked whenever nothing moved for a while; throws where nothing will any more. */
  readonly stillThere: () => Promise<void>;
}

/** Longest time for the stream to open: a stopped kubelet lets it hang for ever. */
const OPEN_MS = 30_000;
/** The API server drops a connection at a message of 32 MiB; small ones keep both ends busy. */
const CHUNK = 256 * 1024;
/** Bytes that may wait in the socket before the source is held. */
const HIGH_WATER = 1024 * 1024;
const SILENCE_MS = 20_000;

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const CLOSE = 255;

/**
 * Run a program in a container of a running pod. The library's own `Exec` neither holds back a
 * source that is faster than the cluster, nor notices a connection that died, so this speaks the
 * protocol (`v5.channel.k8s.io`: with half-close of stdin) itself.
 *
 * @returns the program's exit code, as the cluster's status message says it.
 * @throws {ApiError} the stream did not open, broke off, or ended without a status.
 * @throws what a stream of the caller's failed with; the reason of `signal`.
 */
export async function podExec(cluster: Cluster, options: PodExecOptions): Promise<number> {
  const stream = await PodStream.open(cluster, options);
  return stream.run();
}

class PodStream {
  readonly #socket: WebSocket;
  readonly #options: PodExecOptions;
  readonly #ended: Promise<number>;
  #resolve: (code: number) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #status: string | undefined;
  #moved = Date.now();
  #answered = true;

  private constructor(socket: WebSocket, options: PodExecOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#ended.catch(() => undefined);
    socket.on("message", (data: Buffer) => this.#message(data));
    socket.on("pong", () => (this.#answered = true));
    socket.on("close", () => this.#closed());
    socket.on("error", (cause) => this.#fail(brokenOff(cause)));
  }

  static async open(cluster: Cluster, options: PodExecOptions): Promise<PodStream> {
    options.signal?.throwIfAborted();
    const connection = await cluster.connection();
    const url = new URL(connection.server);
    url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
    const { namespace, pod } = options;
    url.pathname = `${url.pathname.replace(/\/$/, "")}/api/v1/namespaces/${namespace}/pods/${pod}/exec`;
    url.search = new URLSearchParams([
      ["container", options.container],
      ["stdin", String(options.stdin !== undefined)],
      ["stdout", "true"],
      ["stderr", "true"],
      ...options.argv.map((word): [string, string] => ["command", word]),
    ]).toString();
    const settings = await connection.options();
    const start = Date.now();
    // Loaded by the first stream.
    const { WebSocket } = await import("ws");
    const socket = new WebSocket(url, ["v5.channel.k8s.io"], {
      ...(settings as object),
      handshakeTimeout: OPEN_MS,
      perMessageDeflate: false,
    });
    const stream = new PodStream(socket, options);
    const done = (status: number | null): void =>
      cluster.traced({
        method: "EXEC",
        path: url.pathname,
        status,
        durationMs: Date.now() - start,
      });
    try {
      await stream.#opened();
      done(101);
      return stream;
    } catch (error) {
      done(error instanceof ApiError && error.status !== 0 ? error.status : null);
      socket.terminate();
      throw error;
    }
  }

  #opened(): Promise<void> {
    const socket = this.#socket;
    return new Promise<void>((resolve, reject) => {
      const aborted = (): void => reject(this.#options.signal?.reason as Error);
      this.#options.signal?.addEventListener("abort", aborted, { once: true });
      socket.once("open", () => {
        this.#options.signal?.removeEventListener("abort", aborted);
        resolve();
      });
      socket.once("error", (cause) => reject(brokenOff(cause)));
      socket.once("unexpected-response", (_request, response: IncomingMessage) => {
        refused(response).then(reject, reject);
      });
    });
  }

  async run(): Promise<number> {
    const { signal, stdin, stdout, stderr } = this.#options;
    const aborted = (): void => this.#fail(signal?.reason as Error);
    signal?.addEventListener("abort", aborted, { once: true });
    for (const sink of [stdout, stderr]) sink.on("error", (error) => this.#fail(error));
    const watching = setInterval(() => void this.#watch(), SILENCE_MS);
    try {
      signal?.throwIfAborted();
      if (stdin !== undefined) this.#feed(stdin).catch((error: unknown) => this.#fail(error));
      const code = await this.#ended;
      await Promise.all([stdout, stderr].map((sink) => (sink.end(), finished(sink))));
      return code;
    } catch (error) {
      for (const sink of [stdout, stderr]) sink.destroy();
      throw error;
    } finally {
      clearInterval(watching);
      signal?.removeEventListener("abort", aborted);
      stdin?.destroy();
      this.#socket.terminate();
    }
  }

  /** Nothing that failed once ends well after all. */
  #fail(error: unknown): void {
    this.#reject(error);
    this.#socket.terminate();
  }

  #message(data: Buffer): void {
    this.#moved = Date.now();
    // What comes behind much else is late, not silent.
    this.#answered = true;
    const body = data.subarray(1);
    const channel = data[0];
    if (channel === STATUS) this.#status = body.toString("utf8");
    if (body.length === 0) return;
    if (channel === STDOUT) this.#pass(this.#options.stdout, body);
    if (channel === STDERR) this.#pass(this.#options.stderr, body);
  }

  /** A sink that is slower than the cluster holds the connection back. */
  #pass(sink: Writable, body: Buffer): void {
    if (sink.write(body)) return;
    this.#socket.pause();
    sink.once("drain", () => {
      this.#answered = true;
      this.#socket.resume();
    });
  }

  #closed(): void {
    if (this.#status === undefined) {
      this.#fail(new ApiError("CLUSTER_UNREACHABLE", "the connection to the pod broke off"));
      return;
    }
    try {
      this.#resolve(exitCodeOf(this.#status));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #feed(stdin: Readable): Promise<void> {
    for await (const piece of stdin) {
      const bytes = Buffer.from(piece as Uint8Array);
      for (let at = 0; at < bytes.length; at += CHUNK) {
        await this.#send(STDIN, bytes.subarray(at, at + CHUNK));
      }
    }
    await this.#send(CLOSE, Buffer.from([STDIN]));
  }

  /** A program may end without reading all its input: its exit code tells, not this. */
  async #send(channel: number, bytes: Buffer): Promise<void> {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    const sent = new Promise<void>((resolve) =>
      socket.send(Buffer.concat([Buffer.from([channel]), bytes]), () => resolve()),
    );
    this.#moved = Date.now();
    if (socket.bufferedAmount > HIGH_WATER) await sent;
  }

  async #watch(): Promise<void> {
    // Held back by the caller's own sink.
    if (this.#socket.isPaused) return;
    if (!this.#answered) {
      this.#fail(new ApiError("CLUSTER_UNREACHABLE", "the cluster went silent"));
      return;
    }
    this.#answered = false;
    this.#socket.ping();
    if (Date.now() - this.#moved < SILENCE_MS) return;
    await this.#options.stillThere().catch((error: unknown) => this.#fail(error));
  }
}
