import { quoteArgv } from "@cco/exec";
import type { AttachPlan } from "@cco/workspace";

import type { Context } from "../context.js";
import { CliError } from "../errors.js";

/** Bring a workspace before the person's eyes. @throws {CliError} `NOT_A_TERMINAL` */
export async function showWorkspace(context: Context, plan: AttachPlan): Promise<void> {
  if (plan.how === "switched") return;
  const command = quoteArgv(plan.argv);
  if (plan.how === "nested") {
    context.talk.note(`inside another tmux; in a terminal outside of it: ${command}`);
    return;
  }
  const { stdin, stdout } = context.streams;
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    throw new CliError("NOT_A_TERMINAL", "attach needs a terminal", { hint: command });
  }
  const runner = await context.parts.runner();
  await runner.run(plan.argv, { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
}
