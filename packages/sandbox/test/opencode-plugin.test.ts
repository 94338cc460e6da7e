import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it, vi } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import { opencode } from "../src/agents/opencode.js";

interface Event {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The plugin, loaded as opencode does. @returns what it tells of an event, or "" */
async function load(tty: boolean): Promise<(event: Event) => Promise<string>> {
  const dir = makeTempDir("oc");
  const told = join(dir, "turn");
  const files = await opencode.setUp?.({
    ...{ sessionId: "0badcafe", plan: { path: "plan.md", text: "" }, tty, env: {} },
    paths: { workspace: "/w", exchange: "/e", home: "/h" },
    ...{ model: null, maxTurns: null },
  });
  const plugin = files?.find(({ path }) => path.endsWith("cco.js"));
  const file = join(dir, "plugin.mjs");
  writeFileSync(file, plugin?.content ?? "");
  vi.stubEnv("CCO_TURN", told);
  const { CcoTurn } = (await import(file)) as {
    CcoTurn: () => Promise<{ event(given: { event: Event }): Promise<void> }>;
  };
  const hooks = await CcoTurn();
  vi.unstubAllEnvs();
  return async (event) => {
    writeFileSync(told, "");
    await hooks.event({ event });
    return readFileSync(told, "utf8");
  };
}

function status(type: string, more: object = {}, sessionID = "s"): Event {
  return { type: "session.status", properties: { sessionID, status: { type, ...more } } };
}
function failed(name: string, data: object = {}): Event {
  return { type: "session.error", properties: { sessionID: "s", error: { name, data } } };
}
const IDLE: Event = { type: "session.idle", properties: { sessionID: "s" } };

it("tells how a turn in a terminal stands", async () => {
  const tell = await load(true);
  expect(await tell(status("busy"))).toBe("working\n");
  expect(await tell({ type: "question.asked", properties: { sessionID: "s" } })).toBe("person\n");
  expect(await tell({ type: "question.replied", properties: { sessionID: "s" } })).toBe(
    "working\n",
  );
  expect(await tell({ type: "message.updated", properties: { sessionID: "s" } })).toBe("");
  expect(await tell(IDLE)).toBe("finished\n");
});

it("tells a limit with the time of the next try, and nothing of another error that passes", async () => {
  const tell = await load(true);
  const limit = { message: "Rate limit\nreached", next: 1_800_000_000_500 };
  expect(await tell(status("retry", limit))).toBe("usage-limit Rate limit reached|1800000001\n");
  expect(await tell(status("retry", { ...limit, message: "Overloaded" }))).toBe("");
});

it.each([
  [failed("APIError", { statusCode: 401 }), "login\n"],
  [failed("ProviderAuthError"), "login\n"],
  [failed("MessageAbortedError"), "person\n"],
])("a turn that failed is none that finished: %j", async (error, told) => {
  const tell = await load(true);
  await tell(status("busy"));
  expect(await tell(error)).toBe("");
  expect(await tell(IDLE)).toBe(told);
  await tell(status("busy"));
  expect(await tell(IDLE)).toBe("finished\n");
});

it("says nothing of conversations that are parts of the work", async () => {
  const tell = await load(true);
  await tell({ type: "session.created", properties: { info: { id: "part", parentID: "s" } } });
  expect(await tell(status("busy", {}, "part"))).toBe("");
  expect(await tell({ ...IDLE, properties: { sessionID: "part" } })).toBe("");
  await tell({ type: "session.created", properties: { info: { id: "other" } } });
  expect(await tell(status("busy", {}, "other"))).toBe("working\n");
});

it("without a terminal its end is the turn's", async () => {
  const tell = await load(false);
  expect(await tell(status("busy"))).toBe("working\n");
  expect(await tell(IDLE)).toBe("");
});
