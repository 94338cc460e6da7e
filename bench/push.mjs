import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { paired, runOrThrow, timed } from "./measure.mjs";
import { CCO, removeFolder } from "./world.mjs";

const ROUNDS = 15;
const PLAIN = fileURLToPath(new URL("./plain-push.sh", import.meta.url));

/**
 * A push, all in, against the same work by plain git, bwrap and tmux calls and one Node start.
 *
 * @param {import("./world.mjs").World} world
 * @returns {import("./index.mjs").Figure[]}
 */
export function push(world) {
  const worktree = world.workspace("bench");
  const plan = world.plan("sleep.md", "sleep 600");
  const options = { cwd: worktree, env: world.env };

  const cco = () => {
    const argv = [process.execPath, CCO, "box", "push", plan, "--agent", "runbook", "-q"];
    const { ms, output } = timed(argv, options);
    world.cco(["box", "rm", "--force", output.trim()], worktree);
    return ms;
  };
  const plain = () => {
    const folder = join(world.dir, "plain");
    const window = runOrThrow(
      ["tmux", "-L", "cco", "list-windows", "-a", "-F", "#{window_id}"],
      options,
    ).split("\n")[0];
    const { ms } = timed(["sh", PLAIN, folder, window ?? "", process.execPath], options);
    runOrThrow(["tmux", "-S", join(folder, "tty"), "kill-server"], options);
    removeFolder(folder);
    return ms;
  };
  const { a, b, ratio } = paired(cco, plain, ROUNDS);
  return [
    {
      name: "cco box push",
      value: ratio,
      unit: "×",
      limit: 1.5,
      detail: `${a.toFixed(0)} ms against ${b.toFixed(0)} ms of plain calls`,
    },
  ];
}
