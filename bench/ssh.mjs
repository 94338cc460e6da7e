import { ExecaRunner } from "@cco/exec";
import { SshRunner } from "@cco/ssh";

import { farFigures } from "./far.mjs";
import { startSshd } from "./sshd.mjs";

/**
 * Against a bare `ssh big true`, which connects each time. The connection that cco's commands share
 * is up, as it is from the second command on.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function ssh(world) {
  const stop = await startSshd(world);
  try {
    const runner = new ExecaRunner({ env: world.env });
    return await farFigures(world, {
      name: "ssh",
      bare: ["ssh", "big", "true"],
      place: new SshRunner({ host: "big", runner, env: world.env }),
      flags: ["--host", "big"],
      limits: [1, 3, 4],
    });
  } finally {
    stop();
  }
}
