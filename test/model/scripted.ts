import { expect, onTestFinished } from "vitest";

import { waitFor } from "../support/wait-for.js";
import type { Answer } from "./answers.js";
import type { Dialect } from "./dialect.js";
import { ModelServer } from "./model-server.js";

/** A model for one test, which fails if the agent does anything that the script does not expect. */
export async function scripted<Body>(
  script: readonly Answer[],
  dialect: Dialect<Body>,
): Promise<ModelServer<Body>> {
  const model = await ModelServer.start(script, dialect);
  onTestFinished(async () => {
    expect(await model.stop(), "what the model server was asked").toEqual([]);
  });
  return model;
}

/** Wait until the model was asked for `count` turns. */
export async function untilAsked(model: ModelServer<unknown>, count: number): Promise<void> {
  await waitFor(() => model.turns.length >= count, {
    what: `${String(count)} turns`,
    timeoutMs: 120_000,
  });
}
