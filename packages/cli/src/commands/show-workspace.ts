import { quoteArgv } from "@cco/exec";
import type { AttachPlan } from "@cco/workspace";

import type { Context } from "../context.js";
import { CliError } from "../errors.js";

/**
 * Bring a workspace before the person's eyes.
 *
 * @throws {CliError} `NOT_A_TERMINAL`, `INSIDE_OTHER_TMUX`
 */
export async function showWorkspace(context: Context, plan: AttachPlan): Promise<void> {
  if (plan.how === "switched") return;
  if (plan.how === "nested") {
    throw new CliError("INSIDE_OTHER_TMUX", "this terminal is inside another tmux server", {
      hint: nestedText(plan),
    });
  }
  requireTerminal(context, plan.argv);
  const runner = await context.parts.runner();
  await runner.run(plan.argv, { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
}

/** How to get there from inside another tmux server: its keys would be caught by that one. */
export function nestedText({ argv }: AttachPlan): string {
  const command = quoteArgv(argv);
  return `in a terminal outside of tmux: ${command}; or one inside the other: TMUX= ${command}`;
}

/** @param instead what does the same in a terminal. @throws {CliError} `NOT_A_TERMINAL` */
export function requireTerminal(context: Context, instead: readonly string[]): void {
  const { stdin, stdout } = context.streams;
  if (stdin.isTTY === true && stdout.isTTY === true) return;
  // Inside tmux a client can be switched without a terminal of one's own.
  if (context.env.TMUX) return;
  throw new CliError("NOT_A_TERMINAL", "attach needs a terminal", { hint: quoteArgv(instead) });
}
