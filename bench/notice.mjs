import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { LocalBackend } from "@cco/local";
import { Sandbox } from "@cco/sandbox";

import { median } from "./measure.mjs";
import { CCO } from "./world.mjs";

const ROUNDS = 9;

/** The agent's very last act is to write down when it acted. */
const STAMP = "sleep 1\ndate +%s%N >end-time";

/**
 * From the agent's last act to the exit of `cco box wait`, and until `pull` goes on: the agent's
 * own exit, the observer and the notice are all in.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function notice(world) {
  const plan = world.plan("stamp.md", STAMP);
  const waited = [];
  const pulled = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    waited.push(await waitLatency(world, plan));
    pulled.push(await pullLatency(world, plan));
  }
  return [figure("end → wait", waited), figure("end → pull", pulled)];
}

/**
 * @param {import("./world.mjs").World} world
 * @param {string} plan
 * @returns {Promise<number>} milliseconds until `cco box wait` has exited
 */
async function waitLatency(world, plan) {
  const id = world.push(plan, ["--no-pane"]);
  const options = { cwd: world.repo, env: world.env, stdio: /** @type {const} */ ("ignore") };
  const child = spawn(process.execPath, [CCO, "box", "wait", id], options);
  await once(child, "exit");
  return since(world, id, Date.now());
}

/**
 * @param {import("./world.mjs").World} world
 * @param {string} plan
 * @returns {Promise<number>} milliseconds until `pull` goes on to collect
 */
async function pullLatency(world, plan) {
  const id = world.push(plan, ["--no-pane"]);
  let noticed = Number.NaN;
  const runner = new ExecaRunner({ env: world.env });
  const sandbox = new Sandbox({
    backend: new LocalBackend({ runner }),
    runner,
    env: world.env,
    onEvent: (event) => {
      if (event.type === "step" && event.step === "collect") noticed = Date.now();
    },
  });
  await sandbox.pull(id, { keep: true });
  return since(world, id, noticed);
}

/**
 * @param {import("./world.mjs").World} world
 * @param {string} id
 * @param {number} noticed
 */
function since(world, id, noticed) {
  const file = join(world.dir, "data/cco/guests", id, "workspace/end-time");
  const stamp = Number(readFileSync(file, "utf8").trim()) / 1e6;
  world.cco(["box", "rm", "--force", id]);
  return noticed - stamp;
}

/**
 * @param {string} name
 * @param {readonly number[]} values
 */
function figure(name, values) {
  const most = Math.max(...values);
  return {
    name,
    value: median(values),
    unit: "ms",
    limit: 100,
    detail: `at most ${most.toFixed(0)} ms of ${values.length}`,
  };
}
