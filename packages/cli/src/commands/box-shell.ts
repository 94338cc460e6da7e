import { requireRunning } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxShell } from "../declare/box-shell.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";

/** `cco box shell`: a shell in the box's own machine, outside every session's sandbox. */
export async function shell(
  context: Context,
  flags: Said<typeof boxShell>,
): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  if (backend.shellArgv === undefined) {
    throw new CliError("USAGE", `the ${backend.name} box has no machine of its own`, {
      hint: "a session's terminal: cco box attach <session>",
    });
  }
  const { stdin, stdout } = context.streams;
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    throw new CliError("NOT_A_TERMINAL", "shell needs a terminal", {
      hint: "run it in one",
    });
  }
  await requireRunning(backend, context.signal);
  const runner = await context.parts.runner();
  await runner.run(backend.shellArgv(), { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
  return { json: undefined, text: () => "" };
}
