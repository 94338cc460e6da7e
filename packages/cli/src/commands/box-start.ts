import type { CommandResult, Context } from "../context.js";
import type { boxStart } from "../declare/box-start.js";
import type { Said } from "../declare/command.js";
import { making, ready } from "./box-making.js";

/** `cco box start`: start a box that is stopped or broken. */
export async function start(
  context: Context,
  flags: Said<typeof boxStart>,
): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  await backend.start(making(context));
  return ready(backend);
}
