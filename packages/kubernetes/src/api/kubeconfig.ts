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
    server: new URL(cluster.server),
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

async function load(env: Readonly<Record<string, string | undefined>>): Promise<KubeConfig> {
  // Only this part of the library: all of it is three times as much to read at start.
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const config = new KubeConfig();
  const files = (env["KUBECONFIG"] ?? "").split(":").filter((file) => file !== "");
  try {
    if (files.length === 0 && env["HOME"] !== undefined && env !== process.env) {
      loadHome(config, env["HOME"]);
    } else if (files.length === 0) {
      config.loadFromDefault();
    } else {
      for (const [index, file] of files.entries()) {
        const more = new KubeConfig();
        more.loadFromFile(file);
        if (index === 0) {
          config.loadFromFile(file);
        } else {
          config.mergeConfig(more, true);
        }
      }
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ApiError("CLUSTER_NOT_CONFIGURED", `the kubeconfig cannot be read: ${why}`, {
      hint: "point KUBECONFIG at your cluster's file",
      cause,
    });
  }
  return config;
}

function loadHome(config: KubeConfig, home: string): void {
  try {
    config.loadFromFile(`${home}/.kube/config`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    throw new ApiError("CLUSTER_NOT_CONFIGURED", "there is no kubeconfig", {
      hint: "point KUBECONFIG at your cluster's file",
    });
  }
}
