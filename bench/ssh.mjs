import { performance } from "node:perf_hooks";

import { ExecaRunner } from "@cco/exec";
import { SshRunner } from "@cco/ssh";

import { median, paired, timed } from "./measure.mjs";
import { startSshd } from "./sshd.mjs";
import { CCO } from "./world.mjs";

const ROUNDS = 7;
const COMMANDS = 31;

/**
 * What another machine costs, against a bare `ssh big true`, which connects each time. The
 * connection that cco's commands share is up, as it is from the second command on.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function ssh(world) {
  const stop = await startSshd(world);
  try {
    const options = { cwd: world.repo, env: world.env };
    const bare = () => timed(["ssh", "big", "true"], options).ms;
    const plan = world.plan("far.md", "git commit --quiet --allow-empty -m far");
    let last = "";
    const push = () => {
      const argv = ["box", "push", plan, "--agent", "runbook", "--no-pane", "--host", "big", "-q"];
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
      figure("ssh: push", paired(drop, bare, ROUNDS), 12),
      figure("ssh: pull", paired(pull, bare, ROUNDS), 12),
      await command(world, bare),
    ];
  } finally {
    stop();
  }
}

/**
 * @param {string} name
 * @param {{ a: number, b: number, ratio: number }} pair
 * @param {number} limit
 * @returns {import("./index.mjs").Figure}
 */
function figure(name, { a, b, ratio }, limit) {
  const detail = `${a.toFixed(0)} ms against ${b.toFixed(0)} ms of a bare \`ssh true\``;
  return { name, value: ratio, unit: "×", limit, detail };
}

/**
 * One command over the shared connection, in a process that is already there.
 *
 * @param {import("./world.mjs").World} world
 * @param {() => number} bare
 */
async function command(world, bare) {
  const runner = new ExecaRunner({ env: world.env });
  const place = new SshRunner({ host: "big", runner, env: world.env });
  await place.run(["true"]);
  const times = [];
  for (let round = 0; round < COMMANDS; round += 1) {
    const start = performance.now();
    await place.run(["true"]);
    times.push(performance.now() - start);
  }
  const a = median(times);
  const b = median(Array.from({ length: ROUNDS }, bare));
  return figure("ssh: one command", { a, b, ratio: a / b }, 1);
}
