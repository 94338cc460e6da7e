/** Bundles the network helper into one file that any Node from 20.19 runs. */
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here("./src/net/main.ts")],
  outfile: here("./dist/cco-net.cjs"),
  bundle: true,
  minify: true,
  // proxy-chain tells its errors apart by the names of their classes.
  keepNames: true,
  legalComments: "linked",
  platform: "node",
  // A module of its kind asks for its parts only where they run: the half in the guest is up sooner.
  format: "cjs",
  target: "node20.19",
  logLevel: "warning",
});
