/** Bundles the network helper into one file that any Node from 20.19 runs. */
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here("./src/net/main.ts")],
  outfile: here("./dist/cco-net.mjs"),
  bundle: true,
  minify: true,
  // proxy-chain tells its errors apart by the names of their classes.
  keepNames: true,
  legalComments: "linked",
  platform: "node",
  format: "esm",
  target: "node20.19",
  logLevel: "warning",
  // Some dependencies are CommonJS and call require for Node's own modules.
  banner: {
    js: 'import{createRequire as ccoRequire}from"node:module";const require=ccoRequire(import.meta.url);',
  },
});
