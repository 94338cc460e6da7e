/**
 * Bundles `cco` with all it needs into `dist/`: a small entry, and one chunk for each part that
 * only some commands load. The package then installs without any dependency.
 *
 * Beside the chunks lie the assets that the packages find by `import.meta.url`: their shell
 * scripts and the network helper of @cco/backend. Licences of the bundled libraries are kept in
 * `dist/THIRD-PARTY-LICENSES.txt`.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import { basename, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const packages = join(here, "..");
const dist = join(here, "dist");
/** @type {{ version: string }} */
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/**
 * Large libraries that few commands need: apart, nothing of them can come to lie in a chunk that
 * others load too. Each with the package that imports it.
 *
 * @type {Readonly<Record<string, { file: string, of: string } | undefined>>}
 */
const APART = {
  "@clack/prompts": { file: "lib-prompts", of: "cli" },
  "@kubernetes/client-node/dist/config.js": { file: "lib-kubeconfig", of: "kubernetes" },
  "js-yaml": { file: "lib-yaml", of: "kubernetes" },
  "mdast-util-from-markdown": { file: "lib-markdown", of: "sandbox" },
  "tar-stream": { file: "lib-tar", of: "sandbox" },
  ws: { file: "lib-websocket", of: "kubernetes" },
};

const common = /** @type {const} */ ({
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  metafile: true,
  write: false,
  legalComments: "none",
  logLevel: "warning",
});
const mainFields = ["module", "main"];

const commands = await build({
  ...common,
  mainFields,
  entryPoints: { cco: join(here, "src/entry.ts") },
  splitting: true,
  chunkNames: "[name]-[hash]",
  // What yargs brings for other languages and widths costs more time than the rest of it.
  alias: {
    y18n: join(here, "english.mjs"),
    "string-width": fileURLToPath(import.meta.resolve("fast-string-width")),
  },
  define: { CCO_VERSION: JSON.stringify(version) },
  plugins: [packagesFromSource(), apart(), nodeModules()],
});
const libraries = await build({
  ...common,
  mainFields,
  entryPoints: Object.entries(APART).map(([path, apart]) => ({
    in: path,
    out: apart?.file ?? path,
  })),
  plugins: [nodeModules(), asTheirPackageFinds()],
});
const outputs = [...commands.outputFiles, ...libraries.outputFiles];
const inputs = [commands, libraries].flatMap(({ metafile }) => Object.keys(metafile.inputs));

// Made beside the old one and then put in its place whole: somebody may be using it.
const next = join(here, `.dist-${process.pid}`);
const old = join(here, `.old-${process.pid}`);
mkdirSync(next);
for (const { path, text } of outputs) {
  writeFileSync(join(next, basename(path)), withRequire(text));
}
copyAssets();
const net = join(packages, "backend/dist/cco-net.mjs");
if (existsSync(net)) cpSync(net, join(next, "cco-net.mjs"));
writeFileSync(join(next, "THIRD-PARTY-LICENSES.txt"), licences(inputs));
if (existsSync(dist)) renameSync(dist, old);
renameSync(next, dist);
rmSync(old, { recursive: true, force: true });

/** @returns {import("esbuild").Plugin} */
function packagesFromSource() {
  return {
    name: "packages-from-source",
    setup(bundler) {
      bundler.onResolve({ filter: /^@cco\/[a-z]+$/ }, ({ path }) => ({
        path: join(packages, path.slice("@cco/".length), "src/index.ts"),
        sideEffects: false,
      }));
    },
  };
}

/** @returns {import("esbuild").Plugin} */
function apart() {
  return {
    name: "apart",
    setup(bundler) {
      bundler.onResolve({ filter: /./ }, ({ path, kind }) => {
        const found = kind === "dynamic-import" ? APART[path] : undefined;
        return found === undefined ? undefined : { path: `./${found.file}.js`, external: true };
      });
    },
  };
}

/** @returns {import("esbuild").Plugin} */
function asTheirPackageFinds() {
  return {
    name: "as-their-package-finds",
    setup(bundler) {
      bundler.onResolve({ filter: /./ }, ({ path, kind }) => {
        if (kind !== "entry-point") return undefined;
        const resolveDir = join(packages, APART[path]?.of ?? "cli");
        return bundler.resolve(path, { kind: "import-statement", resolveDir });
      });
    },
  };
}

/**
 * node's own modules as CommonJS has them: an import of one makes a second module with a copy of
 * all its names, which took a tenth of a short command's time (measured on Node 20).
 *
 * @returns {import("esbuild").Plugin}
 */
function nodeModules() {
  return {
    name: "node-modules",
    setup(bundler) {
      const filter = new RegExp(`^(node:.*|${builtinModules.join("|")})$`);
      bundler.onResolve({ filter }, ({ path }) => ({
        path: path.replace(/^node:/, ""),
        namespace: "node",
      }));
      bundler.onLoad({ filter: /./, namespace: "node" }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      }));
    },
  };
}

/**
 * What is left of CommonJS in the libraries asks for node's own modules by `require`. All of it
 * goes through one helper of esbuild's; making a `require` takes time, so only there is one.
 *
 * @param {string} text
 */
function withRequire(text) {
  const make =
    'import{createRequire as ccoRequire}from"node:module";const require=ccoRequire(import.meta.url);\n';
  return /\brequire\b/.test(text) ? make + text : text;
}

function copyAssets() {
  for (const name of readdirSync(packages)) {
    const source = join(packages, name, "src");
    if (!existsSync(source)) continue;
    for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
      if (/\.(sh|conf)$/.test(file)) cpSync(join(source, file), join(next, basename(file)));
    }
  }
}

/**
 * One part for each bundled library: its name, version and licence text.
 *
 * @param {readonly string[]} inputs
 */
function licences(inputs) {
  const folders = new Set(
    inputs
      .filter((input) => input.includes("node_modules"))
      .map((input) => {
        const parts = resolve(input).split(sep);
        const at = parts.lastIndexOf("node_modules");
        return parts.slice(0, at + (parts[at + 1]?.startsWith("@") ? 3 : 2)).join(sep);
      }),
  );
  return [...folders]
    .sort((a, b) => a.localeCompare(b))
    .map((folder) => {
      /** @type {{ name: string, version: string, license: string }} */
      const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
      const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim();
      return `${about.name} ${about.version} (${about.license})\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(72)}\n\n`);
}
