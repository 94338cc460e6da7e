/**
 * What people will install: every package is packed; publint and attw judge the tarball, and a
 * project that installs all tarballs imports each entry and runs `npx cco --version`.
 */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { packages, report, run, tool } from "./lib.mjs";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "cco-published-"));
try {
  const packed = packages().map((one) => ({ ...one, ...pack(one) }));
  const problems = packed.flatMap(({ problem }) => problem);
  report(problems.length > 0 ? problems : [...packed.flatMap(judge), ...consume(packed)]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * @typedef {import("./lib.mjs").Package & { tarball: string }} Packed
 */

/**
 * @param {import("./lib.mjs").Package} one
 * @returns {{ tarball: string, problem: string[] }}
 */
function pack({ name, dir }) {
  const target = join(folder, name);
  mkdirSync(target);
  const { ok, output } = run(["pnpm", "pack", "--pack-destination", target], { cwd: dir });
  const tarball = readdirSync(target).find((file) => file.endsWith(".tgz"));
  return ok && tarball !== undefined
    ? { tarball: join(target, tarball), problem: [] }
    : { tarball: "", problem: [`${name}: pnpm pack failed\n${output}`] };
}

/** @param {Packed} packed */
function judge({ name, tarball, manifest }) {
  const checks = [tool("publint", "run", tarball, "--strict")];
  // A package without modules of its own (the command) has no types to judge.
  if (manifest.exports?.["."] !== undefined) {
    checks.push(tool("attw", tarball, "--profile", "esm-only", "--no-emoji", "--no-color"));
  }
  return checks
    .map((argv) => run(argv))
    .filter(({ ok }) => !ok)
    .map(({ output }) => `${name}:\n${output}`);
}

/** @param {readonly Packed[]} all */
function consume(all) {
  const project = join(folder, "project");
  mkdirSync(project);
  const dependencies = Object.fromEntries(
    all.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]),
  );
  const entries = all.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {})
      // A suite for vitest loads only inside of it.
      .filter((path) => !path.endsWith(".json") && !(path === "./testing" && needsVitest(manifest)))
      .map((path) => `${manifest.name}${path.slice(1)}`),
  );
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  writeFileSync(
    join(project, "index.js"),
    entries.map((entry) => `await import(${JSON.stringify(entry)});\n`).join(""),
  );
  const steps = [
    ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"],
    [process.execPath, "index.js"],
    ["npx", "--no-install", "cco", "--version"],
  ];
  for (const argv of steps) {
    const { ok, output } = run(argv, { cwd: project });
    if (!ok) return [`a project with the tarballs: ${argv.join(" ")} failed\n${output}`];
  }
  return [];
}

/** @param {import("./lib.mjs").PackageManifest} manifest */
function needsVitest({ peerDependencies = {} }) {
  return peerDependencies.vitest !== undefined;
}
