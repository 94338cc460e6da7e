import type { CommandResult, Context } from "../context.js";
import type { boxStop } from "../declare/box-stop.js";
import type { Said } from "../declare/command.js";

/** `cco box stop`: stop the box. What sessions left in it stays. */
export async function stop(context: Context, flags: Said<typeof boxStop>): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  const sandbox = await context.parts.sandbox(flags.backend);
  await sandbox.stopBox({ force: flags.force ?? false });
  return {
    json: { backend: backend.name, name: backend.box, status: await backend.status() },
    text: () => `Box ${backend.box} is stopped.`,
    ids: [backend.box],
  };
}
