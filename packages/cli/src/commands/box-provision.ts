import type { CommandResult, Context } from "../context.js";
import type { boxProvision } from "../declare/box-provision.js";
import type { Said } from "../declare/command.js";
import { making, ready } from "./box-making.js";

/** `cco box provision`: bring the box up to what this version needs, and say what that changed. */
export async function provision(
  context: Context,
  flags: Said<typeof boxProvision>,
): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  if (backend.setUp === undefined) {
    // It has no machine of its own: what it needs is there or not.
    await backend.create(making(context));
    return ready(backend);
  }
  const { before, version, changed, missing } = await backend.setUp(making(context));
  for (const program of missing) context.talk.note(`${program} could not be installed in the box`);
  const from = before === null ? "provisioned" : `provisioned before (${before})`;
  return {
    json: { backend: backend.name, name: backend.box, before, version, changed, missing },
    text: () =>
      changed.length === 0
        ? `Box ${backend.box}: nothing to change, ${before === version ? "all was there" : from}.`
        : `Box ${backend.box}:\n${changed.map((line) => `  ${line}`).join("\n")}`,
    ids: [backend.box],
  };
}
