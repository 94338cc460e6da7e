/**
 * `pnpm bench [notice|transport|startup|workspaces|push|memory|ssh|lima|agent]…`: figures measured side by side on this machine, each
 * with its limit. Printed, never asserted: a loaded machine is no defect.
 */
import { agent } from "./agent.mjs";
import { lima } from "./lima.mjs";
import { memory } from "./memory.mjs";
import { notice } from "./notice.mjs";
import { push } from "./push.mjs";
import { ssh } from "./ssh.mjs";
import { startup } from "./startup.mjs";
import { transport } from "./transport.mjs";
import { workspaces } from "./workspaces.mjs";
import { World } from "./world.mjs";

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {number} value
 * @property {string} unit
 * @property {number} limit
 * @property {string} detail
 */

/** @type {Record<string, (world: World) => Figure[] | Promise<Figure[]>>} */
// Those first that use the library in this process: after some hundred synchronous programs an import
// took a symbolic link for the file itself (seen with Node 20.20, cause unknown).
const benches = { notice, transport, startup, workspaces, push, memory, ssh, lima, agent };

const asked = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const world = new World();
  try {
    for (const figure of await bench(world)) console.log(line(figure));
  } finally {
    world.remove();
  }
}

/** @param {Figure} figure */
function line({ name, value, unit, limit, detail }) {
  const number = `${value.toFixed(unit === "×" ? 2 : 1)} ${unit}`;
  const verdict = value <= limit ? "ok  " : "OVER";
  return `${verdict} ${name.padEnd(30)} ${number.padStart(9)}  (limit ${limit} ${unit}; ${detail})`;
}
