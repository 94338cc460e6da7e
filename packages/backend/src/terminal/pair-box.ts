import { quoteArgv } from "@cco/exec";

import type { GuestOptions } from "../port.js";
import { insideScript } from "./assets.js";
import { turnScript } from "./turn-script.js";

/**
 * `box.sh` of a session in two containers: how its supervisor runs the agent, and what it does after a
 * turn, beside the agent. After the end (`over`) that is the keeper's.
 *
 * @param workspace absolute in the guest.
 * @param before put before `insideScript`: it may define `box_inside`.
 */
export async function pairBoxScript(
  workspace: string,
  { afterEnd, turns }: Pick<GuestOptions, "afterEnd" | "turns">,
  before = "",
): Promise<string> {
  const enter = `cd ${quoteArgv([workspace])} && exec`;
  const inside = `${before}${await insideScript()}`;
  const agent = quoteArgv(["env", "COLORTERM=truecolor", "sh", "-c", inside, "cco"]);
  const after =
    afterEnd === undefined
      ? ""
      : `box_after() {
  [ ! -f over ] || return 0
  ${enter} timeout -s KILL 600 ${quoteArgv(afterEnd)}
}
`;
  return `box_agent() {
  ${enter} ${agent} "$@"
}
${after}${turnScript(turns)}`;
}
