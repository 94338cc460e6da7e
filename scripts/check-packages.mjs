/**
 * All packages look alike: the same fields, scripts, files and tsconfig; dependencies follow the
 * arrows; TypeScript references are the workspace dependencies. Only real differences stand out.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { arrows } from "./arrows.mjs";
import { packages, readJson, report, root } from "./lib.mjs";

const rootManifest = readJson(join(root, "package.json"));

/** @type {Record<string, unknown>} */
const SAME = {
  type: "module",
  license: "MIT",
  engines: rootManifest.engines,
  publishConfig: { access: "public" },
};

const FILES = ["dist", "src", "!**/*.test.ts", "!dist/.tsbuildinfo"];

const found = packages();
report([
  ...found.flatMap((one) => [
    ...manifestProblems(one),
    ...arrowProblems(one),
    ...fileProblems(one),
  ]),
  ...missingReferences(),
]);

/** @param {import("./lib.mjs").Package} one */
function manifestProblems({ name, manifest }) {
  /** @type {Record<string, any>} */
  const fields = manifest;
  const where = `packages/${name}/package.json`;
  const wanted = {
    ...SAME,
    name: `@cco/${name}`,
    ...(name === "cli" ? {} : { sideEffects: false, files: FILES, exports: exportsOf(name) }),
    scripts: {
      build: "node ../../scripts/build.mjs",
      test: `vitest run --root ../.. --dir packages/${name}`,
    },
  };
  const different = Object.entries(wanted)
    .filter(([field, value]) => !isDeepStrictEqual(fields[field], value))
    .map(([field, value]) => `${where}: ${field} is not ${JSON.stringify(value)}`);
  const text = fields.description ? [] : [`${where}: no description`];
  return [...different, ...text];
}

/** @param {string} name */
function exportsOf(name) {
  const testing = existsSync(join(root, "packages", name, "src/testing/index.ts"));
  const entry = (/** @type {string} */ path) => ({
    types: `./dist/${path}.d.ts`,
    default: `./dist/${path}.js`,
  });
  return {
    ".": entry("index"),
    ...(testing ? { "./testing": entry("testing/index") } : {}),
    "./package.json": "./package.json",
  };
}

/** @param {import("./lib.mjs").Package} one */
function arrowProblems({ name, dir, manifest }) {
  const allowed = arrows[name];
  if (allowed === undefined) return [`packages/${name}: not in scripts/arrows.mjs`];
  const all = { ...manifest.dependencies, ...(name === "cli" ? manifest.devDependencies : {}) };
  const used = Object.keys(all)
    .filter((dependency) => dependency.startsWith("@cco/"))
    .map((dependency) => dependency.slice("@cco/".length))
    .sort();
  const problems = used
    .filter((other) => !allowed.includes(other))
    .map((other) => `packages/${name}: @cco/${other} is not one of its arrows`);
  const referenced = references(dir)
    .map((path) => path.replace("../", ""))
    .sort();
  if (!isDeepStrictEqual(referenced, used)) {
    problems.push(`packages/${name}/tsconfig.json: references are not [${used.join(", ")}]`);
  }
  return problems;
}

/** @param {import("./lib.mjs").Package} one */
function fileProblems({ name, dir }) {
  return ["README.md", "LICENSE"]
    .filter((file) => !existsSync(join(dir, file)))
    .map((file) => `packages/${name}/${file}: missing`);
}

function missingReferences() {
  const known = references(root);
  return found
    .map(({ name }) => `packages/${name}`)
    .filter((path) => !known.includes(path))
    .map((path) => `tsconfig.json: no reference to ${path}`);
}

/**
 * @param {string} dir
 * @returns {string[]}
 */
function references(dir) {
  /** @type {{ references?: { path: string }[] }} */
  const { references: all = [] } = readJson(join(dir, "tsconfig.json"));
  return all.map(({ path }) => path);
}
