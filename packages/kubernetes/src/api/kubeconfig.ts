import { Agent, type RequestOptions } from "node:https";

import type { KubeConfig } from "@kubernetes/client-node";

import { ApiError } from "./errors.js";

/** Where the API server is and how to show who we are. */
export interface Connection {
  readonly server: URL;
  readonly context: string;
  /** The context's own namespace, where it names one. */
  readonly namespace: string | undefined;
  /** Headers and TLS settings of one request: tokens may be renewed between two. */
  options(): Promise<RequestOptions>;
}

export interface ConnectOptions {
  /** Default: the current context. */
  readonly context?: string | undefined;
  /** Environment that names the file. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * The cluster of a kubeconfig (`KUBECONFIG`, else `~/.kube/config`, else a pod's own account), with
 * whatever its user is known by: token, certificate, exec plugin, OpenID.
 *
 * @throws {ApiError} `CLUSTER_NOT_CONFIGURED`
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const config = await load(options.env ?? process.env);
  const { context } = options;
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const known = config.getContexts().map((known) => known.name);
    throw new ApiError(
      "CLUSTER_NOT_CONFIGURED",
      context === undefined
        ? "the kubeconfig has no current context"
        : `the kubeconfig has no context ${context}`,
      {
        hint:
          known.length === 0
            ? "point KUBECONFIG at your cluster's file"
            : `name one as backends.kubernetes.context: ${known.join(", ")}`,
      },
    );
  }
  let agent: Agent | undefined;
  return {
    server: serverOf(cluster.server, name),
    context: name,
    namespace: config.getContextObject(name)?.namespace,
    async options() {
      const made: RequestOptions = {};
      try {
        await config.applyToHTTPSOptions(made);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new ApiError("CLUSTER_NOT_CONFIGURED", `no credentials for ${name}: ${why}`, {
          hint: `try: kubectl --context ${name} version`,
          cause,
        });
      }
      // The library makes one for each call; one that keeps connections spares a handshake.
      if (made.agent instanceof Agent && made.agent.constructor === Agent) {
        agent ??= new Agent({ ...made.agent.options, keepAlive: true });
        return { ...made, agent };
      }
      return made;
    },
  };
}

function serverOf(text: string, context: string): URL {
  if (URL.canParse(text)) return new URL(text);
  const message = `the kubeconfig's server of ${context} is no address: ${text}`;
  throw new ApiError("CLUSTER_NOT_CONFIGURED", message, {
    hint: `kubectl config view --context ${context}`,
  });
}

async function load(env: Readonly<Record<string, string | undefined>>): Promise<KubeConfig> {
  // Only this part of the library: all of it is three times as much to read at start.
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const named = (env["KUBECONFIG"] ?? "").split(":").filter((file) => file !== "");
  const [first = `${env["HOME"] ?? ""}/.kube/config`, ...others] = named;
  let config: KubeConfig | undefined;
  for (const file of [first, ...others]) {
    const found = new KubeConfig();
    try {
      found.loadFromFile(file);
    } catch (cause) {
      // Of several, those that are there, as kubectl does.
      if ((cause as { code?: unknown }).code === "ENOENT") continue;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw notConfigured(`the kubeconfig ${file} is no good: ${why}`, cause);
    }
    if (config === undefined) config = found;
    else config.mergeConfig(found, true);
  }
  if (config !== undefined) return config;
  if (named.length > 0 || env["KUBERNETES_SERVICE_HOST"] === undefined) {
    throw notConfigured(`there is no kubeconfig ${first}`);
  }
  // In a pod of the cluster itself.
  const own = new KubeConfig();
  own.loadFromCluster();
  return own;
}

function notConfigured(message: string, cause?: unknown): ApiError {
  const hint = "point KUBECONFIG at your cluster's file";
  return new ApiError("CLUSTER_NOT_CONFIGURED", message, { hint, cause });
}
