import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { LimaClient, LimaRunner } from "@cco/lima";

import { farFigures } from "./far.mjs";

/** The VM of `test/lab/lima-vm.sh`. */
const VM = "lab";

/**
 * Against a bare `limactl shell … true`, whose connection is shared.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function lima(world) {
  if (process.env.CCO_LAB_DIR === undefined) {
    console.log('left out: lima (no lab; sh test/lab/lima-vm.sh up, then eval "$(… env)")');
    return [];
  }
  for (const name of ["LIMA_HOME", "QEMU_SYSTEM_X86_64"]) world.env[name] = process.env[name];
  const folder = join(world.dir, "config", "cco");
  mkdirSync(folder, { recursive: true });
  const config = { backend: "lima", backends: { lima: { name: VM } } };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return farFigures(world, {
    name: "lima",
    bare: ["limactl", "shell", "--workdir", "/", VM, "true"],
    place: new LimaRunner(new LimaClient(new ExecaRunner({ env: world.env })), VM),
    // Set-up and collecting are the processor's work: an emulated one takes twenty times as long.
    limits: [2, 25, 25],
  });
}
