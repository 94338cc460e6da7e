import type { CommandResult, Context } from "../context.js";
import type { boxTemplate } from "../declare/box-template.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";

/** `cco box template`: what the box is made from, to be changed and given to `create --template`. */
export async function template(
  context: Context,
  flags: Said<typeof boxTemplate>,
): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  if (backend.template === undefined) {
    throw new CliError("USAGE", `the ${backend.name} box is made from no template`, {
      hint: "one that is: cco box template --backend lima",
    });
  }
  const text = await backend.template();
  return {
    json: { backend: backend.name, name: backend.box, template: text },
    text: () => text.trimEnd(),
  };
}
