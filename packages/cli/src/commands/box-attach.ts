import type { CommandResult, Context } from "../context.js";
import type { boxAttach } from "../declare/box-attach.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";

/** `cco box attach`: the agent's terminal in this one. Leaving it does not stop the agent. */
export async function attach(
  context: Context,
  { session: id }: Said<typeof boxAttach>,
): Promise<CommandResult> {
  const { stdin, stdout } = context.streams;
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    throw new CliError("NOT_A_TERMINAL", "attach needs a terminal", {
      hint: `without one: cco box logs ${id} -f`,
    });
  }
  const sandbox = await context.parts.sandbox();
  const sessionId = await sandbox.idOf(id);
  const [argv, runner] = await Promise.all([sandbox.viewArgv(sessionId), context.parts.runner()]);
  await runner.run(argv, { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
  return { json: undefined, text: () => "" };
}
