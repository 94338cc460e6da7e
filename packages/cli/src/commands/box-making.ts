import type { BackendCreateOptions, SandboxBackend } from "@cco/backend";

import type { CommandResult, Context } from "../context.js";

/** For calls that make something: what they are at, an end at Ctrl-C. */
export function making(context: Context): BackendCreateOptions {
  return {
    signal: context.signal,
    onProgress: (line) => {
      context.talk.step(line);
    },
  };
}

export function ready(backend: SandboxBackend): CommandResult {
  return {
    json: { backend: backend.name, name: backend.box, status: "running" },
    text: () => `Box ${backend.box} is ready.`,
    ids: [backend.box],
  };
}
