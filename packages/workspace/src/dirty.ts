import { availableParallelism } from "node:os";

import type { CommandRunner } from "@cco/exec";

import { withoutGit } from "./server.js";

/**
 * Prints 1 or 0 for each folder, or `?`. One shell asks git about many folders: a process
 * started from here costs several times what one started by a small shell does.
 */
const SCRIPT = `
for folder do
  if found=$(git -c core.fsmonitor=false -C "$folder" status --porcelain \\
    --untracked-files=normal --ignore-submodules=none --no-renames 2>/dev/null)
  then [ -z "$found" ] && echo 0 || echo 1
  else echo '?'
  fi
done`;

/** Whether each of these worktrees has uncommitted or untracked files; `null` where git cannot tell. */
export async function areDirty(
  runner: CommandRunner,
  worktrees: readonly string[],
): Promise<Map<string, boolean | null>> {
  const shells = Math.min(availableParallelism(), worktrees.length);
  const shares = Array.from({ length: shells }, (_, shell) =>
    worktrees.filter((_path, index) => index % shells === shell),
  );
  const answers = await Promise.all(
    shares.map(async (share) => {
      const result = await runner.run(["sh", "-c", SCRIPT, "sh", ...share], {
        env: { ...withoutGit(), GIT_OPTIONAL_LOCKS: "0" },
      });
      const said = result.stdout.toString("utf8").split("\n");
      return share.map((path, index) => [path, ANSWERS[said[index] ?? ""] ?? null] as const);
    }),
  );
  return new Map(answers.flat());
}

const ANSWERS: Readonly<Record<string, boolean>> = { "0": false, "1": true };
