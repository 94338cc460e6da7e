import { request, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as secureRequest } from "node:https";
import { createInterface } from "node:readline";

import { ApiError } from "./errors.js";
import { connect, type Connection, type ConnectOptions } from "./kubeconfig.js";

/** One call of the API, for tracing and counting. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  /** HTTP status; `null` where nothing answered. */
  readonly status: number | null;
  readonly durationMs: number;
}

export interface ClusterOptions extends ConnectOptions {
  readonly onCall?: ((call: ApiCall) => void) | undefined;
}

export interface CallOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until it is given up. Default 20,000. */
  readonly timeoutMs?: number;
}

/** What a watch says: `type` is `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`. */
export interface WatchEvent<T> {
  readonly type: string;
  readonly object: T;
}

const TIMEOUT_MS = 20_000;
/** A watch is renewed after this long, so that a dead connection is found. */
const WATCH_SECONDS = 240;

/** The API of one cluster, in JSON. Every call has a time limit of its own. */
export class Cluster {
  readonly #options: ClusterOptions;
  #connection: Promise<Connection> | undefined;

  constructor(options: ClusterOptions = {}) {
    this.#options = options;
  }

  /** @throws {ApiError} `CLUSTER_NOT_CONFIGURED` */
  connection(): Promise<Connection> {
    this.#connection ??= connect(this.#options);
    return this.#connection;
  }

  /**
   * @returns the answer's JSON.
   * @throws {ApiError} it says no, or nothing.
   */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.#open(method, path, options);
    const limit = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    limit.addEventListener("abort", () => response.destroy(new Error("timed out")));
    let body;
    try {
      body = await readAll(response);
    } catch (cause) {
      throw this.#unreachable(await this.connection(), cause, options.signal);
    }
    const status = response.statusCode ?? 0;
    if (status < 200 || status >= 300) throw refusal(status, body);
    try {
      return JSON.parse(body) as T;
    } catch (cause) {
      const { context, server } = await this.connection();
      const message = `what answers at ${server.host} is no cluster: ${body.trim().slice(0, 100)}`;
      const hint = `try: kubectl --context ${context} version`;
      throw new ApiError("CLUSTER_UNREACHABLE", message, { hint, cause });
    }
  }

  /**
   * What happens to the objects of a collection, until the server closes it (after some minutes)
   * or it breaks off, which throws.
   */
  async *watch<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<WatchEvent<T>> {
    const response = await this.#open("GET", path, {
      query: { ...query, watch: "true", timeoutSeconds: String(WATCH_SECONDS) },
      signal,
    });
    if (response.statusCode !== 200)
      throw refusal(response.statusCode ?? 0, await readAll(response));
    response.socket.setKeepAlive(true, 15_000);
    // A little more than the server was asked for.
    response.setTimeout((WATCH_SECONDS + 15) * 1000, () => response.destroy(new Error("silent")));
    try {
      for await (const line of createInterface(response)) {
        if (line !== "") yield JSON.parse(line) as WatchEvent<T>;
      }
    } catch (cause) {
      throw this.#unreachable(await this.connection(), cause, signal);
    } finally {
      response.destroy();
    }
  }

  /** Tell of a call that another part made (a stream). */
  traced(call: ApiCall): void {
    this.#options.onCall?.(call);
  }

  /** The response as soon as its head is there. */
  async #open(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const connection = await this.connection();
    const url = urlOf(connection.server, path, options.query);
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const settings = await connection.options();
    const start = Date.now();
    return new Promise<IncomingMessage>((resolve, reject) => {
      const done = (status: number | null): void =>
        this.traced({ method, path: url.pathname, status, durationMs: Date.now() - start });
      const open = url.protocol === "http:" ? request : secureRequest;
      const outgoing = open(
        url,
        {
          ...settings,
          method,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
          headers: {
            ...(settings.headers as OutgoingHttpHeaders | undefined),
            accept: "application/json",
            ...(body === undefined
              ? {}
              : {
                  "content-type": options.contentType ?? "application/json",
                  "content-length": Buffer.byteLength(body),
                }),
          },
        },
        (response) => {
          clearTimeout(timer);
          done(response.statusCode ?? null);
          resolve(response);
        },
      );
      const timer = setTimeout(
        () => outgoing.destroy(new Error("timed out")),
        options.timeoutMs ?? TIMEOUT_MS,
      );
      outgoing.on("error", (cause) => {
        clearTimeout(timer);
        done(null);
        reject(this.#unreachable(connection, cause, options.signal));
      });
      outgoing.end(body);
    });
  }

  #unreachable(connection: Connection, cause: unknown, signal: AbortSignal | undefined): Error {
    if (signal?.aborted === true) return signal.reason as Error;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new ApiError(
      "CLUSTER_UNREACHABLE",
      `the cluster at ${connection.server.host} does not answer: ${why}`,
      { hint: `try: kubectl --context ${connection.context} version`, cause },
    );
  }
}

function urlOf(server: URL, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(server);
  url.pathname = `${server.pathname.replace(/\/$/, "")}${path}`;
  url.search = new URLSearchParams(query).toString();
  return url;
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** The API server's own words, where it gave some. */
function refusal(status: number, body: string): ApiError {
  let told: { message?: unknown; reason?: unknown } = {};
  try {
    told = JSON.parse(body) as typeof told;
  } catch {
    // A proxy's page, not the API's.
  }
  const message = typeof told.message === "string" ? told.message : `HTTP status ${status}`;
  return new ApiError("CLUSTER_REFUSED", message, {
    status,
    reason: typeof told.reason === "string" ? told.reason : "",
  });
}
