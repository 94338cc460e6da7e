import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Scene } from "../e2e/scene.js";
import { waitFor } from "../support/wait-for.js";
import { kubectl, pathWithKubectl, testCluster } from "./cluster.js";

/** A person's machine whose `cco` is configured for a cluster. */
export class ClusterScene extends Scene {
  readonly namespace: string;

  /** @param settings of `backends.kubernetes`, over those of small pods */
  constructor(namespace: string, settings: Readonly<Record<string, unknown>> = {}) {
    super();
    this.namespace = namespace;
    const { kubeconfig, image } = testCluster();
    this.env["KUBECONFIG"] = kubeconfig;
    this.env["PATH"] = pathWithKubectl();
    this.configure({
      namespace,
      image,
      imagePullPolicy: "IfNotPresent",
      requests: { cpu: "5m", memory: "16Mi" },
      limits: { cpu: "2", memory: "512Mi" },
      ...settings,
    });
  }

  configure(settings: Readonly<Record<string, unknown>>): void {
    const folder = join(this.env["XDG_CONFIG_HOME"] ?? "", "cco");
    mkdirSync(folder, { recursive: true });
    const config = { backend: "kubernetes", backends: { kubernetes: settings } };
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  }

  /** Run a shell script in a session's workspace, past cco. @returns stdout */
  inPod(sessionId: string, script: string): string {
    const argv = ["sh", "-c", `cd /workspace/${sessionId} && ${script}`];
    const pod = `cco-${sessionId}`;
    return kubectl(["-n", this.namespace, "exec", pod, "-c", "keeper", "--", ...argv]);
  }

  override letGo(sessionId: string): void {
    this.inPod(sessionId, "touch go");
  }

  override async untilMade(sessionId: string, path: string): Promise<void> {
    await waitFor(() => this.inPod(sessionId, `[ -e '${path}' ] && echo made`) !== "", {
      what: `${path} in the pod`,
      timeoutMs: 60_000,
    });
  }

  override async close(): Promise<void> {
    const ids = (await this.cco(["box", "ls", "--all", "-q"])).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await this.cco(["box", "rm", "--force", ...ids]);
  }
}
