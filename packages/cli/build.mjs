/**
 * Bundles `cco` with all it needs into `dist/`: a small entry, one file with all the commands, each
 * part of which runs when a command first imports it, and one for each large library that few
 * commands need. The package then installs without any dependency.
 *
 * They are CommonJS: V8's compiled code of it can be kept (see src/compiled.ts), and a command
 * starts in half the time that modules took (measured on Node 20).
 *
 * Beside them lie the assets that the packages find by `import.meta.url`: their shell scripts and
 * the network helper of @cco/backend. Licences of the bundled libraries are kept in
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
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { basename, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const packages = join(here, "..");
const dist = join(here, "dist");
/** @type {{ version: string }} */
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/**
 * Large libraries that few commands need: apart, they are not in the file that every command reads.
 * Each with the package that imports it.
 *
 * @type {Readonly<Record<string, { file: string, of: string } | undefined>>}
 */
const APART = {
  "@clack/prompts": { file: "lib-prompts", of: "cli" },
  "@kubernetes/client-node/dist/config.js": { file: "lib-kubeconfig", of: "kubernetes" },
  "js-yaml": { file: "lib-yaml", of: "kubernetes" },
  "mdast-util-from-markdown": { file: "lib-markdown", of: "sandbox" },
  ws: { file: "lib-websocket", of: "kubernetes" },
};

/** @type {import("esbuild").BuildOptions & { write: false, metafile: true }} */
const common = {
  outdir: dist,
  bundle: true,
  minify: true,
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  platform: "node",
  target: "node20.19",
  mainFields: ["module", "main"],
  metafile: true,
  write: false,
  legalComments: "none",
  logLevel: "warning",
  // Those that stay are made into `require`: kept code can do nothing else.
  supported: { "dynamic-import": false },
};

// In place of `import.meta.url`, which only modules have.
const url = {
  name: "ccoUrl",
  of: 'const ccoUrl=require("node:url").pathToFileURL(__filename).href;',
};
const main = await build({
  ...common,
  entryPoints: { main: join(here, "src/main.ts") },
  banner: { js: url.of },
  define: { "import.meta.url": url.name },
  // What yargs brings for other languages and widths costs more time than the rest of it.
  alias: {
    y18n: join(here, "english.mjs"),
    "string-width": fileURLToPath(import.meta.resolve("fast-string-width")),
  },
  plugins: [packagesFromSource(), apart(), lateModules()],
});
const libraries = await build({
  ...common,
  entryPoints: Object.entries(APART).map(([path, apart]) => ({
    in: path,
    out: apart?.file ?? path,
  })),
  plugins: [asTheirPackageFinds(), withoutUnusedModels()],
});
const entry = await build({
  ...common,
  entryPoints: { cco: join(here, "src/entry.ts") },
  define: {
    CCO_VERSION: JSON.stringify(version),
    CCO_HASH: JSON.stringify(hashOf([main, libraries])),
  },
  plugins: [packagesFromSource(), lateModules()],
});
const outputs = [main, entry, libraries].flatMap(({ outputFiles }) => outputFiles);
const inputs = [main, libraries].flatMap(({ metafile }) => Object.keys(metafile.inputs));

// Made beside the old one and then put in its place whole: somebody may be using it.
const next = join(here, `.dist-${process.pid}`);
const old = join(here, `.old-${process.pid}`);
mkdirSync(next);
for (const { path, text } of outputs) {
  writeFileSync(join(next, basename(path)), text);
}
copyAssets();
const net = join(packages, "backend/dist/cco-net.cjs");
if (existsSync(net)) cpSync(net, join(next, "cco-net.cjs"));
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
        return found === undefined ? undefined : { path: `./${found.file}.cjs`, external: true };
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
 * The Kubernetes client does not say that its generated models do nothing when they are read: the
 * thousand of them, which a kubeconfig does not need, took two fifths of the time of reading one.
 *
 * @returns {import("esbuild").Plugin}
 */
function withoutUnusedModels() {
  return {
    name: "without-unused-models",
    setup(bundler) {
      bundler.onResolve({ filter: /\/models\// }, async ({ path, pluginData, ...from }) => {
        if (pluginData === "models" || !from.importer.includes("@kubernetes/client-node")) {
          return undefined;
        }
        const found = await bundler.resolve(path, { ...from, pluginData: "models" });
        return { ...found, sideEffects: false };
      });
    },
  };
}

/**
 * Some of node's own modules take a few milliseconds to load, and are loaded when something of
 * them is first used.
 *
 * @returns {import("esbuild").Plugin}
 */
function lateModules() {
  return {
    name: "late-modules",
    setup(bundler) {
      bundler.onResolve({ filter: /^(node:)?(crypto|v8|zlib)$/ }, ({ path, kind }) =>
        kind === "import-statement" ? { path, namespace: "late" } : undefined,
      );
      bundler.onLoad({ filter: /./, namespace: "late" }, ({ path }) => {
        const names = Object.keys(createRequire(import.meta.url)(path));
        const getters = names.map((name) => `get ${name}(){return require("${path}").${name}}`);
        return { contents: `module.exports={${getters.join(",")}}` };
      });
    },
  };
}

/** @param {readonly { outputFiles: readonly { text: string }[] }[]} built */
function hashOf(built) {
  const hash = createHash("sha256");
  for (const { text } of built.flatMap(({ outputFiles }) => outputFiles)) hash.update(text);
  return hash.digest("hex").slice(0, 16);
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
