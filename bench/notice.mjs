import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { median } from "./measure.mjs";
import { CCO } from "./world.mjs";

const ROUNDS = 9;

/** The agent's very last act is to write down when it acted. */
const STAMP = "sleep 1\ndate +%s%N >end-time";

/**
 * From the agent's last act to the exit of `cco box wait`, and to what `pull` says of it: the
 * agent's own exit, the observer and the notice are all in.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function notice(world) {
  const plan = world.plan("stamp.md", STAMP);
  const waited = [];
  const pulled = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    waited.push(await latency(world, plan, ["box", "wait"], undefined));
    pulled.push(await latency(world, plan, ["box", "pull", "--keep"], /collect/i));
  }
  return [figure("end → wait", waited), figure("end → pull", pulled)];
}

/**
 * @param {import("./world.mjs").World} world
 * @param {string} plan
 * @param {readonly string[]} command
 * @param {RegExp | undefined} sign what on stderr shows that it noticed; default: its exit
 */
async function latency(world, plan, command, sign) {
  const id = world.push(plan, ["--no-pane"]);
  const child = spawn(process.execPath, [CCO, ...command, id], {
    cwd: world.repo,
    env: world.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let noticed = Number.NaN;
  let said = "";
  child.stderr.on("data", (/** @type {Buffer} */ chunk) => {
    said += chunk.toString();
    if (sign?.test(said) && Number.isNaN(noticed)) noticed = Date.now();
  });
  const exited = once(child, "exit").then(() => Date.now());
  const [end] = await Promise.all([exited, once(child, "close")]);
  if (sign === undefined) noticed = end;
  if (Number.isNaN(noticed)) throw new Error(`cco ${command.join(" ")} did not say it:\n${said}`);
  const stamp = stampOf(world, id);
  world.cco(["box", "rm", "--force", id]);
  return noticed - stamp;
}

/**
 * @param {import("./world.mjs").World} world
 * @param {string} id
 */
function stampOf(world, id) {
  const file = join(world.dir, "data/cco/guests", id, "workspace/end-time");
  return Number(readFileSync(file, "utf8").trim()) / 1e6;
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
