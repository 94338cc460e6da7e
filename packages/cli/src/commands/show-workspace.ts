import { quoteArgv } from "@cco/exec";
import type { AttachPlan } from "@cco/workspace";

import type { Context } from "../context.js";
import { CliError } from "../errors.js";

/**
 * Bring a workspace before the person's eyes, until they leave it.
 *
 * @param words the `cco attach …` that does the same from anywhere.
 * @throws {CliError} `NOT_A_TERMINAL`, `INSIDE_OTHER_TMUX`, `ATTACH_FAILED`
 */
export async function showWorkspace(
  context: Context,
  plan: AttachPlan,
  words: readonly string[],
): Promise<void> {
  if (plan.how === "switched") return;
  if (plan.how === "nested") {
    throw new CliError("INSIDE_OTHER_TMUX", "this terminal is inside another tmux server", {
      hint: nestedText(words),
    });
  }
  requireTerminal(context, words);
  const runner = await context.parts.runner();
  const stdio = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  const { exitCode } = await runner.run(plan.argv, stdio);
  if (exitCode === 0) return;
  // tmux has said why, on the terminal.
  throw new CliError("ATTACH_FAILED", "tmux could not show the workspace, or its server ended", {
    hint: quoteArgv(words),
  });
}

/** The command that shows a branch's window, or the repository's session, from any folder. */
export function attachWords({ globals, cwd }: Context, branch?: string): readonly string[] {
  return [
    "cco",
    "attach",
    ...(branch === undefined ? [] : [branch]),
    ...(globals.repo === cwd ? [] : ["--repo", globals.repo]),
  ];
}

/** How to get there from inside another tmux server: its keys would be caught by that one. */
export function nestedText(words: readonly string[]): string {
  const command = quoteArgv(words);
  return `in a terminal outside of tmux: ${command}; or one inside the other: TMUX= ${command}`;
}

/** @param words what does the same in a terminal. @throws {CliError} `NOT_A_TERMINAL` */
export function requireTerminal(context: Context, words: readonly string[]): void {
  const { stdin, stdout } = context.streams;
  if (stdin.isTTY === true && stdout.isTTY === true) return;
  // Inside tmux a client can be switched without a terminal of one's own.
  if (context.env.TMUX) return;
  throw new CliError("NOT_A_TERMINAL", "attach needs a terminal", {
    hint: `in a terminal: ${quoteArgv(words)}`,
  });
}
