import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

import { ExecaRunner } from "@cco/exec";
import { LimaClient, LimaRunner } from "@cco/lima";

import { median, paired, timed } from "./measure.mjs";
import { CCO } from "./world.mjs";

const ROUNDS = 5;
const COMMANDS = 15;
/** The VM of `test/lab/lima-vm.sh`. */
const VM = "lab";

/**
 * What a VM costs, against a bare `limactl shell … true`, whose connection is shared.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function lima(world) {
  if (process.env.CCO_LAB_DIR === undefined) {
    console.log('left out: lima (no lab; sh test/lab/lima-vm.sh up, then eval "$(… env)")');
    return [];
  }
  for (const name of ["LIMA_HOME", "QEMU_SYSTEM_X86_64"]) world.env[name] = process.env[name];
  const folder = join(world.dir, "config", "cco");
  mkdirSync(folder, { recursive: true });
  const config = { backend: "lima", backends: { lima: { name: VM } } };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const options = { cwd: world.repo, env: world.env };
  const bare = () => timed(["limactl", "shell", "--workdir", "/", VM, "true"], options).ms;
  const plan = world.plan("far.md", "git commit --quiet --allow-empty -m far");
  let last = "";
  const push = () => {
    const argv = ["box", "push", plan, "--agent", "runbook", "--no-pane", "-q"];
    const { ms, output } = timed([process.execPath, CCO, ...argv], options);
    last = output.trim();
    return ms;
  };
  const pull = () => {
    push();
    world.cco(["box", "wait", last]);
    return timed([process.execPath, CCO, "box", "pull", last, "-q"], options).ms;
  };
  const drop = () => {
    const ms = push();
    world.cco(["box", "rm", "--force", last]);
    return ms;
  };
  return [
    await command(world, bare),
    figure("lima: push", paired(drop, bare, ROUNDS), 12),
    figure("lima: pull", paired(pull, bare, ROUNDS), 12),
  ];
}

/**
 * @param {string} name
 * @param {{ a: number, b: number, ratio: number }} pair
 * @param {number} limit
 * @returns {import("./index.mjs").Figure}
 */
function figure(name, { a, b, ratio }, limit) {
  const detail = `${a.toFixed(0)} ms against ${b.toFixed(0)} ms of a bare \`limactl shell true\``;
  return { name, value: ratio, unit: "×", limit, detail };
}

/**
 * One command in the VM, in a process that is already there.
 *
 * @param {import("./world.mjs").World} world
 * @param {() => number} bare
 */
async function command(world, bare) {
  const place = new LimaRunner(new LimaClient(new ExecaRunner({ env: world.env })), VM);
  await place.run(["true"]);
  const times = [];
  for (let round = 0; round < COMMANDS; round += 1) {
    const start = performance.now();
    await place.run(["true"]);
    times.push(performance.now() - start);
  }
  const a = median(times);
  const b = median(Array.from({ length: COMMANDS }, bare));
  return figure("lima: one command", { a, b, ratio: a / b }, 1.2);
}
