/**
 * Many sessions at once: `node bench/scale.mjs [COUNT] [AT_ONCE] [kubernetes|podman|docker]`, after
 * `pnpm build`, with `CCO_TEST_KUBECONFIG` (test/cluster/README.md) or the variables that
 * `test/lab/containers up` writes. docs/scale.md has what it printed.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

import { ContainerBackend } from "@cco/container";
import { ExecaRunner } from "@cco/exec";
import { KubernetesBackend } from "@cco/kubernetes";
import { Sandbox } from "@cco/sandbox";

import { median } from "./measure.mjs";
import { CCO, removeFolder, World } from "./world.mjs";

const COUNT = Number(process.argv[2] ?? 100);
/** Pushes, pulls and removals under way at once. */
const AT_ONCE = Number(process.argv[3] ?? 6);

const BOX = process.argv[4] ?? "kubernetes";

let calls = 0;
const world = new World();
const runner = new ExecaRunner({ env: world.env });
const { backend, config } = placed(BOX);
const sandbox = new Sandbox({ backend, runner, env: world.env });

/** @param {string} box */
function placed(box) {
  if (box === "kubernetes") return cluster();
  if (box === "podman" || box === "docker") return containers(box);
  throw new Error(`no box ${box}: kubernetes, podman, docker`);
}

function cluster() {
  const kubeconfig = process.env.CCO_TEST_KUBECONFIG;
  if (kubeconfig === undefined) throw new Error("CCO_TEST_KUBECONFIG names no cluster");
  world.env.KUBECONFIG = kubeconfig;
  const settings = {
    namespace: `cco-scale-${process.pid}`,
    image: process.env.CCO_TEST_IMAGE ?? "localhost/lab:1",
    imagePullPolicy: /** @type {const} */ ("IfNotPresent"),
    requests: { cpu: "1m", memory: "8Mi" },
    limits: { cpu: "2", memory: "256Mi" },
    quota: { pods: String(COUNT) },
    owner: "scale",
  };
  const onCall = () => (calls += 1);
  return {
    backend: new KubernetesBackend({ ...settings, env: world.env, onCall }),
    config: { backend: "kubernetes", backends: { kubernetes: settings } },
  };
}

/** @param {"podman" | "docker"} engine */
function containers(engine) {
  for (const name of ["CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "DOCKER_HOST"]) {
    if (process.env[name] !== undefined) world.env[name] = process.env[name];
  }
  const { CCO_TEST_IMAGE: image, CCO_TEST_ROOTFS: rootfs } = process.env;
  const source = image === undefined ? { rootfs: rootfs ?? "" } : { image };
  const settings = { engine, name: `scale${process.pid}`, ...source };
  /** @type {import("@cco/exec").CommandRunner} */
  const counting = {
    run: (argv, options) => {
      calls += 1;
      return runner.run(argv, options);
    },
    hostArgv: (argv) => runner.hostArgv(argv),
  };
  return {
    backend: new ContainerBackend({ ...settings, runner: counting }),
    config: { backend: "container", backends: { container: settings } },
  };
}

/**
 * @param {string} what
 * @param {number | string} value
 */
const say = (what, value) => console.log(`${what.padEnd(52)} ${String(value)}`);

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

/**
 * @template T, R
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>}
 */
async function some(items, work) {
  const left = [...items];
  /** @type {R[]} */
  const results = [];
  const next = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      results.push(await work(item));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return results;
}

function memory() {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

try {
  await backend.create();
  const plan = world.plan(
    "wait.md",
    "echo go >>.git/info/exclude\nuntil [ -e go ]; do sleep 1; done\necho done >done\ngit add done\ngit commit -qm done",
  );

  const times = await some([...Array(COUNT).keys()], async () => {
    const start = performance.now();
    const { sessionId } = await sandbox.prepare({
      repoRoot: world.repo,
      planPath: plan,
      agent: "runbook",
    });
    await sandbox.launch(sessionId);
    return { sessionId, ms: performance.now() - start };
  });
  const ids = times.map(({ sessionId }) => sessionId);
  const sorted = times.map(({ ms }) => ms).sort((a, b) => a - b);
  say("sessions", COUNT);
  say("push to running, median", seconds(median(sorted)));
  say("push to running, worst", seconds(sorted.at(-1) ?? 0));
  say("calls of a push", (calls / COUNT).toFixed(1));

  const folder = join(world.env.XDG_CONFIG_HOME ?? "", "cco");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const lists = Array.from({ length: 7 }, () => {
    const start = performance.now();
    const ran = spawnSync(process.execPath, [CCO, "box", "ls", "--json"], {
      cwd: world.repo,
      env: world.env,
      encoding: "utf8",
    });
    const listed = JSON.parse(ran.stdout).length;
    if (listed !== COUNT) throw new Error(`ls lists ${listed} of ${COUNT}: ${ran.stderr}`);
    return performance.now() - start;
  });
  say("cco box ls, median of 7", `${median(lists).toFixed(0)} ms`);
  const empty = Array.from({ length: 7 }, () => {
    const start = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    return performance.now() - start;
  });
  say("node -e 0, median of 7", `${median(empty).toFixed(0)} ms`);

  const [before, callsBefore] = [memory(), calls];
  const waits = ids.map((id) => sandbox.wait(id));
  await delay(20_000);
  say(
    "memory of this process for each waiting session",
    `${((memory() - before) / COUNT / 1024).toFixed(0)} KiB`,
  );
  say("calls of a wait, 20 s", ((calls - callsBefore) / COUNT).toFixed(1));

  const callsLet = calls;
  await some(ids, async (id) => {
    const guest = await backend.openGuest(id);
    await guest.exec(["touch", "go"]);
  });
  const ended = await Promise.all(waits);
  const good = ended.filter(({ state }) => state === "succeeded").length;
  say("succeeded", good);
  say("calls of letting go and ending", ((calls - callsLet) / COUNT).toFixed(1));

  const callsPull = calls;
  const pulls = await some(ids, async (id) => {
    const start = performance.now();
    const { result } = await sandbox.pull(id, { to: `result/${id}` });
    return { ms: performance.now() - start, commits: result?.commits ?? 0 };
  });
  say("pulled with its commit", pulls.filter(({ commits }) => commits === 1).length);
  say("pull, median", seconds(median(pulls.map(({ ms }) => ms))));
  say("pull, worst", seconds(Math.max(...pulls.map(({ ms }) => ms))));
  say("calls of a pull", ((calls - callsPull) / COUNT).toFixed(1));
} finally {
  await backend.destroy();
  removeFolder(world.dir);
}
