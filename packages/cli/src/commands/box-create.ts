import { BackendError } from "@cco/backend";

import type { CommandResult, Context } from "../context.js";
import type { boxCreate } from "../declare/box-create.js";
import type { Said } from "../declare/command.js";

/** `cco box create`: make the box. The local one is ready when its tools are there. */
export async function create(
  context: Context,
  flags: Said<typeof boxCreate>,
): Promise<CommandResult> {
  const backend = await context.parts.backend(flags.backend);
  await backend.create({
    signal: context.signal,
    onProgress: (line) => {
      context.talk.progress(line);
    },
  });
  const status = await backend.status();
  if (status !== "running") {
    throw new BackendError("BOX_BROKEN", `the ${backend.name} box is ${status}`, {
      hint: "cco doctor",
    });
  }
  return {
    json: { backend: backend.name, name: backend.box, status },
    text: () => `Box ${backend.box} is ready.`,
    ids: [backend.box],
  };
}
