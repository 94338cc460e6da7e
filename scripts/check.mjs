/**
 * The one gate: `pnpm check` runs every step and lists what failed; `pnpm check <step>…` runs those.
 *
 * The last line sums up the tests that really ran.
 */
import { performance } from "node:perf_hooks";

import { report, run, tool } from "./lib.mjs";
import { engineProjects, projects, summary, testProject } from "./tests.mjs";

/** @typedef {import("./tests.mjs").Counts} Counts */

/** @type {Counts[]} */
const counts = [];

/** @param {string} name */
const script = (name) => () => run([process.execPath, `scripts/${name}.mjs`]);

/** @param {readonly string[]} argv */
const program = (argv) => () => run(argv);

/** @type {Record<string, () => { ok: boolean, output: string }>} */
const steps = {
  build: script("build"),
  types: program(tool("tsc", "-p", "tsconfig.check.json")),
  examples: script("check-examples"),
  lint: program(tool("eslint", ".", "--max-warnings", "0")),
  format: program(tool("prettier", "--check", "--log-level", "warn", ".")),
  shell: script("check-shell"),
  cycles: program(
    tool("depcruise", "--config", ".dependency-cruiser.mjs", "packages", "test", "scripts"),
  ),
  unused: program(tool("knip", "--no-config-hints")),
  packages: script("check-packages"),
  lockfile: script("check-lockfile"),
  changesets: script("check-changesets"),
  published: script("check-published"),
  ...Object.fromEntries(
    [...projects, ...engineProjects].map((project) => [project, () => tests(project)]),
  ),
};

/** @param {string} project */
function tests(project) {
  console.log();
  const result = testProject(project);
  counts.push(result);
  return { ok: result.ok, output: "" };
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => steps[name] === undefined);
if (unknown.length > 0) {
  report([`no step ${unknown.join(", ")}; there are: ${Object.keys(steps).join(", ")}`]);
} else {
  check(
    asked.length === 0
      ? Object.keys(steps).filter((name) => !engineProjects.includes(name))
      : asked,
  );
}

/** @param {readonly string[]} names */
function check(names) {
  /** @type {string[]} */
  const failed = [];
  for (const name of names) {
    const start = performance.now();
    const { ok, output } = steps[name]?.() ?? { ok: false, output: "" };
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(12)} ${seconds.padStart(6)} s`);
    if (!ok) {
      failed.push(name);
      if (output !== "") console.log(output.trimEnd().replaceAll(/^/gm, "    "));
    }
    if (!ok && name === "build") break;
  }
  for (const text of counts.flatMap(({ failures }) => failures)) console.log(`failed: ${text}`);
  console.log(failed.length === 0 ? "all steps passed" : `failed: ${failed.join(", ")}`);
  if (counts.length > 0) console.log(summary(counts));
  if (failed.length > 0) process.exitCode = 1;
}
