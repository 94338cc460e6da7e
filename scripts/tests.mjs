/**
 * Run a vitest project (`unit`, `integration`, `e2e`) and sum up what really ran.
 *
 * A skipped test is named with its reason. Where `CI` is set, a skip that `allowed-skips.mjs` does
 * not know fails the run: a tool that is missing there must not look like a pass.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { allowedSkips } from "./allowed-skips.mjs";
import { readJson, root, run, tool } from "./lib.mjs";

/** @typedef {{ ok: boolean, passed: number, failures: readonly string[], skipped: number }} Counts */

/** @typedef {{ status: string, fullName: string, failureMessages?: readonly string[] }} Assertion */

export const projects = ["unit", "integration", "e2e"];

/** Those that need something large brought here first: steps that run only when they are named. */
export const engineProjects = ["containers", "agents", "lima", "cluster"];

/**
 * @param {string} project
 * @returns {Counts}
 */
export function testProject(project) {
  const folder = mkdtempSync(join(tmpdir(), "cco-report-"));
  const file = join(folder, "report.json");
  try {
    const { ok } = run(
      tool(
        "vitest",
        ...["run", "--project", project, "--reporter=default", "--reporter=json"],
        // Some of its tests stop parts of the cluster, which the others need.
        ...(project === "cluster" ? ["--no-file-parallelism"] : []),
        `--outputFile.json=${file}`,
      ),
      { show: true },
    );
    return judge(ok, assertions(readJson(file)));
  } catch (error) {
    console.error(`${project}: no report of the tests: ${String(error)}`);
    return { ok: false, passed: 0, failures: [`${project}: no report of the tests`], skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {{ testResults: { name: string, status: string, message?: string, assertionResults: Assertion[] }[] }} report
 * @returns {Assertion[]}
 */
function assertions({ testResults }) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.slice(root.length);
    const found = assertionResults.map((test) => ({
      ...test,
      fullName: `${file} > ${test.fullName.trim()}`,
    }));
    // A file that could not be loaded has no tests and is a failure all the same.
    return found.length === 0 && status === "failed"
      ? [{ status, fullName: file, failureMessages: [message ?? ""] }]
      : found;
  });
}

/**
 * @param {boolean} ok
 * @param {Assertion[]} tests
 * @returns {Counts}
 */
function judge(ok, tests) {
  const of = (/** @type {string} */ status) => tests.filter((test) => test.status === status);
  const passed = of("passed").length;
  const failures = of("failed").map(failure);
  const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed");
  let unexpected = 0;
  for (const { fullName } of skipped) {
    const reason = allowedSkips.find(({ test }) => test.test(fullName))?.reason;
    if (reason === undefined) unexpected += 1;
    console.log(`skipped: ${fullName} (${reason ?? "not an allowed skip"})`);
  }
  if (passed + failures.length === 0) console.error("no test ran");
  return {
    ok:
      ok &&
      failures.length === 0 &&
      passed > 0 &&
      !(process.env.CI !== undefined && unexpected > 0),
    passed,
    failures,
    skipped: skipped.length,
  };
}

/** How much of a failure is said once more after the last step. */
const MESSAGE_CHARS = 1_500;

/**
 * @param {Assertion} test
 * @returns {string}
 */
function failure({ fullName, failureMessages }) {
  const message = (failureMessages ?? []).join("\n").slice(0, MESSAGE_CHARS);
  return `${fullName}\n${message.replaceAll(/^/gm, "    ")}`;
}

/**
 * @param {readonly Counts[]} all
 * @returns {string}
 */
export function summary(all) {
  const sum = (/** @type {(counts: Counts) => number} */ of) =>
    all.reduce((total, counts) => total + of(counts), 0);
  const passed = sum((counts) => counts.passed);
  const failed = sum((counts) => counts.failures.length);
  return `Tests: ${passed} passed, ${failed} failed, ${sum((counts) => counts.skipped)} skipped`;
}
