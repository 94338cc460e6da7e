/**
 * Build all packages: compile, copy the shell scripts beside the modules that read them, then run
 * each package's own `build.mjs` (bundles), in the order of the arrows.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { arrows } from "./arrows.mjs";
import { packages, report, run, tool } from "./lib.mjs";

const compiled = run(tool("tsc", "-b", ...process.argv.slice(2)), { show: true });
report(compiled.ok ? packages().sort(byArrow).flatMap(finish) : ["the packages do not compile"]);

/**
 * @param {import("./lib.mjs").Package} a
 * @param {import("./lib.mjs").Package} b
 */
function byArrow(a, b) {
  const place = (/** @type {string} */ name) => Object.keys(arrows).indexOf(name);
  return place(a.name) - place(b.name);
}

/**
 * @param {import("./lib.mjs").Package} found
 * @returns {string[]} what went wrong
 */
function finish({ name, dir }) {
  removeStale(dir);
  for (const script of files(join(dir, "src"), /\.(sh|conf)$/)) {
    const target = join(dir, "dist", script);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(dir, "src", script), target);
  }
  if (!existsSync(join(dir, "build.mjs"))) return [];
  return run([process.execPath, "build.mjs"], { cwd: dir, show: true }).ok
    ? []
    : [`packages/${name}/build.mjs failed`];
}

/**
 * The compiler never removes the output of a module that is gone, and a tarball would carry it.
 *
 * @param {string} dir
 */
function removeStale(dir) {
  if (!existsSync(join(dir, "dist/.tsbuildinfo"))) return;
  for (const file of files(join(dir, "dist"), /(\.d\.ts|\.js)(\.map)?$/)) {
    const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (!existsSync(join(dir, "src", source))) rmSync(join(dir, "dist", file));
  }
}

/**
 * @param {string} dir
 * @param {RegExp} pattern
 */
function files(dir, pattern) {
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((file) =>
    pattern.test(file),
  );
}
