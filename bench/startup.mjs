import { CCO } from "./world.mjs";
import { paired, timed } from "./measure.mjs";

const ROUNDS = 31;

/**
 * Commands that people type many times, against an empty Node.
 *
 * @param {import("./world.mjs").World} world
 * @returns {import("./index.mjs").Figure[]}
 */
export function startup(world) {
  const options = { cwd: world.repo, env: world.env };
  const node = () => timed([process.execPath, "-e", "0"], options).ms;
  const cco = (/** @type {readonly string[]} */ args) =>
    paired(() => timed([process.execPath, CCO, ...args], options).ms, node, ROUNDS);
  const figure = (
    /** @type {string} */ name,
    /** @type {ReturnType<typeof cco>} */ pair,
    limit = 0,
  ) => ({
    name,
    value: pair.ratio,
    unit: "×",
    limit,
    detail: `${pair.a.toFixed(0)} ms against ${pair.b.toFixed(0)} ms of \`node -e 0\``,
  });
  return [
    figure("cco --version", cco(["--version"]), 1.3),
    figure("cco box ls", cco(["box", "ls"]), 2.3),
  ];
}
