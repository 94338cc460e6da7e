import { publicSession } from "@cco/sandbox";

import type { CommandResult, Context } from "../context.js";
import type { boxLaunch } from "../declare/box-launch.js";
import type { Said } from "../declare/command.js";
import { fanOut, startedLine } from "./fan-out.js";

/** `cco box launch`: start what a push that was interrupted left prepared. */
export async function launch(
  context: Context,
  { session, maxParallel }: Said<typeof boxLaunch>,
): Promise<CommandResult> {
  const sandbox = await context.parts.sandbox();
  const ids = new Set(await Promise.all(session.map((id) => sandbox.idOf(id))));
  const prepared = await Promise.all([...ids].map((id) => sandbox.get(id)));
  const started = await fanOut(context, {
    sandbox,
    prepared,
    maxParallel: maxParallel ?? prepared.length,
  });
  const values = started.map(publicSession);
  return {
    json: values.length === 1 ? values[0] : values,
    text: () => started.map(startedLine).join("\n"),
    ids: started.map(({ sessionId }) => sessionId),
  };
}
