import type { CommandResult, Context } from "../context.js";
import type { boxDestroy } from "../declare/box-destroy.js";
import type { Said } from "../declare/command.js";

/** `cco box destroy`: remove the box with all that is in it. Refuses to lose work. */
export async function destroy(
  context: Context,
  flags: Said<typeof boxDestroy>,
): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  const sandbox = await context.parts.sandbox(flags.backend);
  await sandbox.destroyBox({ force: flags.force ?? false });
  return {
    json: { backend: backend.name, name: backend.box },
    text: () => `Box ${backend.box} is removed.`,
    ids: [backend.box],
  };
}
