import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { planPathInGuest } from "./plan.js";
import { parseRecord, RECORD_VERSION, type SessionRecord } from "./record.js";
import { SessionStore } from "./store.js";

let folder: string;
let store: SessionStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cco-store-"));
  store = new SessionStore(folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const record = (sessionId: string, more: Partial<SessionRecord> = {}): SessionRecord => ({
  version: RECORD_VERSION,
  sessionId,
  repo: "/repo",
  branch: "main",
  plan: "plan.md",
  backend: "fake",
  agent: "claude",
  host: null,
  box: "fake",
  baseCommit: "a".repeat(40),
  snapshotOf: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  command: "fake",
  agentArgv: ["claude"],
  network: { policy: "none", allow: [] },
  programs: [],
  env: {},
  tty: true,
  staysOpen: false,
  finishedAt: null,
  usage: null,
  attempt: 1,
  retry: null,
  loss: null,
  pane: null,
  launchedAt: null,
  cancelledAt: null,
  end: null,
  result: null,
  landing: null,
  pulled: false,
  left: null,
  released: false,
  ...more,
});

describe("the store", () => {
  test("a record is written whole, readable by its owner alone", async () => {
    const id = await store.reserve();
    await store.write(record(id));
    expect(await store.read(id)).toEqual(record(id));
    expect(readdirSync(store.path(id))).toEqual(["session.json"]);
    expect(statSync(store.path(id)).mode & 0o777).toBe(0o700);
    expect(statSync(store.path(id, "session.json")).mode & 0o777).toBe(0o600);
  });

  test("changes at the same time all stay", async () => {
    const id = await store.reserve();
    await store.write(record(id, { agentArgv: [] }));
    const other = new SessionStore(folder);
    await Promise.all(
      [store, other, store, other].map((one, n) =>
        one.update(id, ({ agentArgv }) => ({ agentArgv: [...agentArgv, String(n)] })),
      ),
    );
    expect((await store.read(id)).agentArgv.sort()).toEqual(["0", "1", "2", "3"]);
  });

  test("newest first, the unreadable last, folders without a record not at all", async () => {
    const ids = [await store.reserve(), await store.reserve(), await store.reserve()] as const;
    await store.reserve();
    await store.write(record(ids[0]));
    await store.write(record(ids[1], { createdAt: "2026-02-01T00:00:00.000Z" }));
    writeFileSync(store.path(ids[2], "session.json"), "");
    expect((await store.all()).map(({ id }) => id)).toEqual([ids[1], ids[0], ids[2]]);
    expect(await store.ids()).toHaveLength(4);
  });

  test("an id that is none never becomes a path", async () => {
    expect(() => store.path("../../etc")).toThrow(TypeError);
    await expect(store.read("0badcafe")).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });

  test("a data folder that cannot be made is told plainly", async () => {
    writeFileSync(join(folder, "in-the-way"), "");
    const blocked = new SessionStore(join(folder, "in-the-way/cco"));
    await expect(blocked.reserve()).rejects.toMatchObject({
      code: "FOLDER_NOT_WRITABLE",
      message: `cannot write ${join(folder, "in-the-way/cco/exchange")}: something in its path is no folder`,
      hint: "make it writable, or set XDG_DATA_HOME to another folder",
    });
  });

  test("a session that was removed while it was written is not there", async () => {
    const id = await store.reserve();
    await store.remove(id);
    await expect(store.write(record(id))).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  });

  test("a removed session leaves nothing", async () => {
    const id = await store.reserve();
    await store.write(record(id));
    await store.remove(id);
    expect(existsSync(store.path(id))).toBe(false);
  });
});

test.each([
  ["", "it is no JSON"],
  ["null", ""],
  [JSON.stringify({ ...record("0badcafe"), version: 2 }), "a newer cco wrote it (version 2)"],
  [JSON.stringify({ ...record("0badcafe"), baseCommit: "--evil" }), "baseCommit"],
  [JSON.stringify({ ...record("../../x/") }), "sessionId"],
])("not a record: %s", (text, why) => {
  const parsed = parseRecord(text);
  expect(parsed.ok).toBe(false);
  expect(parsed.ok ? "" : parsed.why).toContain(why);
});

test("a plan in the worktree keeps its path, another goes under .cco/plan", async () => {
  rmSync(join(folder, "x"), { force: true });
  writeFileSync(join(folder, "x.md"), "");
  const repo = mkdtempSync(join(folder, "repo-"));
  writeFileSync(join(repo, "y z.md"), "");
  expect(await planPathInGuest(join(repo, "y z.md"), repo)).toBe("y z.md");
  expect(await planPathInGuest(join(folder, "x.md"), repo)).toBe(".cco/plan/x.md");
});
