import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { CCO } from "./world.mjs";

/** The agent of the idle session, to be told from what cco keeps beside it. */
const AGENT = "sleep 599";

/** Until a process has started and settled. */
const SETTLE_MS = 2_000;

/**
 * Memory of a waiting `cco` with its helpers, and of all that a session keeps on the host.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function memory(world) {
  const id = world.push(world.plan("idle.md", `exec ${AGENT}`), ["--no-pane"]);
  await delay(SETTLE_MS);
  const session = processes().filter(({ pid, command }) => command !== AGENT && inSession(pid, id));
  const waiting = spawn(process.execPath, [CCO, "box", "wait", id], {
    cwd: world.repo,
    env: world.env,
    stdio: "ignore",
  });
  await delay(SETTLE_MS);
  const waiters = family(waiting.pid ?? 0);
  const figures = [
    figure("waiting cco", 80, waiters),
    figure("idle session beyond the agent", 10, session),
  ];
  waiting.kill("SIGINT");
  world.cco(["box", "rm", "--force", id]);
  return figures;
}

/**
 * @typedef {{ pid: number, parent: number, command: string }} Found
 */

/** @returns {Found[]} */
export function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: Number(/^PPid:\t(\d+)$/m.exec(read(name, "status"))?.[1]),
      command: read(name, "cmdline").replaceAll("\0", " ").trim(),
    }));
}

/**
 * The session's terminal server, its supervisor and sandbox: each names the session.
 *
 * @param {number} pid
 * @param {string} id
 */
function inSession(pid, id) {
  return [read(pid, "cmdline"), read(pid, "environ")].some((text) => text.includes(id));
}

/** @param {number} pid */
function family(pid) {
  const all = processes();
  const known = new Set([pid]);
  let size = 0;
  while (known.size !== size) {
    size = known.size;
    for (const found of all) if (known.has(found.parent)) known.add(found.pid);
  }
  return all.filter((found) => known.has(found.pid));
}

/**
 * @param {string} name
 * @param {number} limit
 * @param {readonly Found[]} found
 */
function figure(name, limit, found) {
  return {
    name,
    value: megabytes(found),
    unit: "MB",
    limit,
    detail: `${found.length} processes; a file that several of them map is counted once`,
  };
}

/**
 * Resident memory of some processes together: each one's own pages, and of every mapped file what
 * the process that has most of it holds. What other programs share is not taken off.
 *
 * @param {readonly Found[]} found
 */
export function megabytes(found) {
  /** @type {Map<string, number>} */
  const files = new Map();
  let own = 0;
  for (const mapping of found.flatMap(({ pid }) => mappings(pid))) {
    own += mapping.anonymous;
    const most = Math.max(files.get(mapping.key) ?? 0, mapping.resident - mapping.anonymous);
    files.set(mapping.key, most);
  }
  return (own + [...files.values()].reduce((sum, kilobytes) => sum + kilobytes, 0)) / 1024;
}

/** @param {number} pid */
function mappings(pid) {
  return read(pid, "smaps")
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .map((text) => {
      const kilobytes = (/** @type {string} */ key) =>
        Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
      const [, , offset, device, inode] = text.split(/\s+/, 5);
      return {
        key: [device, inode, offset].join(" "),
        resident: kilobytes("Rss"),
        anonymous: kilobytes("Anonymous"),
      };
    });
}

/**
 * @param {number | string} pid
 * @param {string} file
 */
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
