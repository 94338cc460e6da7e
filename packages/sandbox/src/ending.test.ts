import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Guest, Terminal } from "@cco/backend";
import { expect, it } from "vitest";

import type { AgentProfile } from "./agents/profile.js";
import { readOutput } from "./ending.js";

const PROFILE = { signs: { notLoggedIn: ["Log in first"] } } as unknown as AgentProfile;

/** A guest whose log is this, byte for byte. */
function guest(log: Iterable<Buffer>, seen: { signal?: AbortSignal } = {}): Guest {
  const terminal: Pick<Terminal, "log"> = {
    log: async (sink, options = {}) => {
      Object.assign(seen, options);
      await pipeline(Readable.from(log), sink);
    },
  };
  return { terminal } as Guest;
}

it("looks for signs at the end of what an agent printed, for a limited time", async () => {
  const seen: { signal?: AbortSignal } = {};
  const said = await readOutput(PROFILE, guest([Buffer.from("Log in first\n")], seen), true);
  expect(said).toEqual({ usage: null, failure: "not-logged-in" });
  expect(seen.signal).toBeInstanceOf(AbortSignal);
});

it("a log that has no end says nothing", async () => {
  const line = Buffer.alloc(1024 * 1024, "Log in first\n");
  function* endless() {
    for (;;) yield line;
  }
  expect(await readOutput(PROFILE, guest(endless()), true)).toEqual({ usage: null, failure: null });
});
