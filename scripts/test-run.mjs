/**
 * One folder per test run, and the proof that the run left nothing behind.
 *
 * `TMPDIR` of all tests is a fresh, short folder (unix sockets have some 107 bytes). After the
 * last test it must be empty, and no process may be alive that was started from it: whatever is
 * left fails the run by name, and is then removed.
 */
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Time for processes whose end was asked for, not waited for. */
const GRACE_MS = 5_000;

/** @returns {(() => Promise<void>) | undefined} the check, for after the last test. */
export default function setup() {
  if (process.env.CCO_TEST_RUN !== undefined) return undefined;
  const dir = mkdtempSync(join(realpathSync(tmpdir()), "cco-t"));
  process.env.CCO_TEST_RUN = dir;
  process.env.TMPDIR = dir;
  return () => teardown(dir);
}

/** @param {string} dir */
async function teardown(dir) {
  const deadline = Date.now() + GRACE_MS;
  let processes = leftProcesses(dir);
  while (processes.length > 0 && Date.now() < deadline) {
    await delay(100);
    processes = leftProcesses(dir);
  }
  const files = readdirSync(dir);
  for (const { pid } of processes) kill(pid);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  if (processes.length + files.length === 0) return;
  // vitest prints an error of a teardown and still ends well.
  process.exitCode = 1;
  throw new Error(
    [
      "tests left something behind:",
      ...processes.map(({ pid, command }) => `  process ${pid}: ${command}`),
      ...files.map((name) => `  temporary folder or file: ${name}`),
    ].join("\n"),
  );
}

/**
 * Processes whose command line, folder or environment names the run's folder (Linux; elsewhere
 * there is no /proc and only files are checked).
 *
 * @param {string} dir
 */
function leftProcesses(dir) {
  return pids()
    .filter((pid) => pid !== process.pid && !isOurs(pid))
    .map((pid) => ({ pid, command: proc(pid, "cmdline").replaceAll("\0", " ").trim() }))
    .filter(({ pid, command }) => command.includes(dir) || proc(pid, "environ").includes(dir));
}

function pids() {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/**
 * The test runner's own workers and helpers, which end with it.
 *
 * @param {number} pid
 */
function isOurs(pid) {
  const command = proc(pid, "cmdline");
  return (
    /^PPid:\t(\d+)$/m.exec(proc(pid, "status"))?.[1] === String(process.pid) &&
    /vitest|esbuild/.test(command)
  );
}

/**
 * @param {number} pid
 * @param {string} file
 */
function proc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
