import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { KubernetesBackend, type KubernetesBackendOptions } from "@cco/kubernetes";

const KUBE_UP = fileURLToPath(new URL("../lab/kube-up", import.meta.url));

const LAB = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kube-lab");

export interface TestCluster {
  readonly kubeconfig: string;
  readonly image: string;
  /** `kube-up`'s own, whose parts can be stopped. */
  readonly lab: boolean;
}

function find(): TestCluster | string {
  const given = process.env["CCO_TEST_KUBECONFIG"];
  if (given === undefined || given === "") {
    return "no cluster: pnpm test:cluster brings one up, or CCO_TEST_KUBECONFIG names one";
  }
  if (!existsSync(given)) return `CCO_TEST_KUBECONFIG: there is no ${given}`;
  const lab = given === join(process.env["KUBE_LAB"] ?? LAB, "admin.conf");
  return { kubeconfig: given, image: process.env["CCO_TEST_IMAGE"] ?? "localhost/lab:1", lab };
}

const found = find();

/** Why nothing can be tried here, or `null`. */
export const unavailable = typeof found === "string" ? found : null;

export function testCluster(): TestCluster {
  if (typeof found === "string") throw new Error(found);
  return found;
}

/** A part of the lab's cluster: `pause`, `resume`, `kill`, or `up 2`. */
export function kubeUp(...args: string[]): void {
  // What it starts belongs to no test run.
  const { PATH = "", HOME = homedir(), XDG_CACHE_HOME, KUBE_LAB } = process.env;
  const env = {
    PATH,
    HOME,
    ...(XDG_CACHE_HOME && { XDG_CACHE_HOME }),
    ...(KUBE_LAB && { KUBE_LAB }),
  };
  const ran = spawnSync(KUBE_UP, args, { encoding: "utf8", env });
  if (ran.status !== 0) throw new Error(`kube-up ${args.join(" ")}: ${ran.stderr}`);
}

/** kubectl as the administrator. @returns stdout; throws where it fails. */
export function kubectl(args: readonly string[], input?: string): string {
  const { kubeconfig, lab } = testCluster();
  const program = lab ? join(process.env["KUBE_LAB"] ?? LAB, "bin/kubectl") : "kubectl";
  const ran = spawnSync(program, ["--kubeconfig", kubeconfig, ...args], {
    encoding: "utf8",
    ...(input === undefined ? {} : { input }),
  });
  if (ran.status !== 0) throw new Error(`kubectl ${args.join(" ")}: ${ran.stderr}`);
  return ran.stdout;
}

/** PATH with the lab's kubectl, where the cluster is the lab's. */
export function pathWithKubectl(): string {
  const path = process.env["PATH"] ?? "";
  return testCluster().lab ? `${join(process.env["KUBE_LAB"] ?? LAB, "bin")}:${path}` : path;
}

/** A namespace of this test file alone. */
export function testNamespace(): string {
  return `cco-test-${randomBytes(4).toString("hex")}`;
}

/** A backend in a namespace of its own, with small pods. */
export function testBackend(
  options: Omit<KubernetesBackendOptions, "env"> & { readonly namespace: string },
): KubernetesBackend {
  const { kubeconfig, image } = testCluster();
  return new KubernetesBackend({
    env: { KUBECONFIG: kubeconfig },
    image,
    imagePullPolicy: "IfNotPresent",
    requests: { cpu: "5m", memory: "16Mi" },
    limits: { cpu: "2", memory: "512Mi" },
    owner: "tests",
    ...options,
  });
}
