/** What a place that is not this machine costs, against one bare call of the program that reaches it. */
import { performance } from "node:perf_hooks";

import { median, paired, timed } from "./measure.mjs";
import { CCO } from "./world.mjs";

const ROUNDS = 7;
const COMMANDS = 31;

/**
 * @typedef {object} Far
 * @property {string} name of the place's kind
 * @property {readonly string[]} bare runs `true` there, by hand
 * @property {import("@cco/exec").CommandRunner} place
 * @property {readonly string[]} [flags] of a push there
 * @property {readonly [command: number, push: number, pull: number]} limits of the ratios
 */

/**
 * One command in a process that has the connection, a push, a pull.
 *
 * @param {import("./world.mjs").World} world
 * @param {Far} far
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function farFigures(world, { name, bare, place, flags = [], limits }) {
  const [commandLimit, pushLimit, pullLimit] = limits;
  const options = { cwd: world.repo, env: world.env };
  const byHand = () => timed(bare, options).ms;
  const plan = world.plan("far.md", "git commit --quiet --allow-empty -m far");
  let last = "";
  const push = () => {
    const argv = ["box", "push", plan, "--agent", "runbook", "--no-pane", ...flags, "-q"];
    const { ms, output } = timed([process.execPath, CCO, ...argv], options);
    last = output.trim();
    return ms;
  };
  const pushThenDrop = () => {
    const ms = push();
    world.cco(["box", "rm", "--force", last]);
    return ms;
  };
  const pull = () => {
    push();
    world.cco(["box", "wait", last]);
    return timed([process.execPath, CCO, "box", "pull", last, "-q"], options).ms;
  };
  /** @type {(what: string, pair: { a: number, b: number, ratio: number }, limit: number) => import("./index.mjs").Figure} */
  const figure = (what, { a, b, ratio }, limit) => ({
    name: `${name}: ${what}`,
    value: ratio,
    unit: "×",
    limit,
    detail: `${a.toFixed(0)} ms against ${b.toFixed(0)} ms of a bare \`${bare.join(" ")}\``,
  });
  return [
    figure("one command", await oneCommand(place, byHand), commandLimit),
    figure("push", paired(pushThenDrop, byHand, ROUNDS), pushLimit),
    figure("pull", paired(pull, byHand, ROUNDS), pullLimit),
  ];
}

/**
 * @param {import("@cco/exec").CommandRunner} place
 * @param {() => number} byHand
 */
async function oneCommand(place, byHand) {
  await place.run(["true"]);
  const times = [];
  for (let round = 0; round < COMMANDS; round += 1) {
    const start = performance.now();
    await place.run(["true"]);
    times.push(performance.now() - start);
  }
  const a = median(times);
  const b = median(Array.from({ length: COMMANDS }, byHand));
  return { a, b, ratio: a / b };
}
