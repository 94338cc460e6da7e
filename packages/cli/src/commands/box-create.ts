import { resolve } from "node:path";

import { BackendError } from "@cco/backend";

import type { CommandResult, Context } from "../context.js";
import type { boxCreate } from "../declare/box-create.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";
import { making, ready } from "./box-making.js";

/** `cco box create`: make the box, so that it can be used. The local one only needs its tools. */
export async function create(
  context: Context,
  flags: Said<typeof boxCreate>,
): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  if (flags.template !== undefined && backend.template === undefined) {
    throw new CliError("USAGE", `the ${backend.name} box is made from no template`, {
      hint: "leave --template out",
    });
  }
  const template =
    flags.template === undefined ? {} : { template: resolve(context.cwd, flags.template) };
  await backend.create({ ...making(context), ...template });
  const status = await backend.status();
  if (status !== "running") {
    throw new BackendError("BOX_BROKEN", `the ${backend.name} box is ${status}`, {
      hint: "cco doctor",
    });
  }
  return ready(backend);
}
