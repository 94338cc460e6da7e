import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { Sandbox, type Session } from "@cco/sandbox";
import { expect, test } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";
import { waitFor } from "../../../test/support/wait-for.js";
import { FakeBackend, onThisMachine } from "./fake-backend.js";

/** Prepared sessions over real git, whose agents are the test itself. */
async function prepared(count: number) {
  const repo = TestRepo.withCommit();
  const dir = makeTempDir();
  const runner = new ExecaRunner({ env: repo.env });
  const backend = new FakeBackend({ exec: onThisMachine(runner), dir: join(dir, "guests") });
  const env = { ...repo.env, ANTHROPIC_API_KEY: "sk-ant-a-test" };
  const sandbox = new Sandbox({ backend, runner, dataDir: join(dir, "data"), env });
  repo.write({ "plan.md": "# Plan\n" });
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const one = await sandbox.prepare({ repoRoot: repo.dir, planPath: "plan.md" });
    ids.push(one.sessionId);
  }
  const guest = (index: number) => backend.here.get(ids[index] ?? "")!;
  const work = (index: number) => new TestRepo(guest(index).paths.workspace, repo.env);
  const states = async (): Promise<readonly string[]> =>
    Promise.all(ids.map(async (id) => (await sandbox.get(id)).state));
  return { repo, sandbox, ids, guest, work, states };
}

test("launchAll starts the next one when a place is free, and ends with the last start", async () => {
  const { sandbox, ids, guest, states } = await prepared(3);
  const seen: string[] = [];
  const all = sandbox.launchAll(ids, {
    maxParallel: 2,
    onChange: ({ sessionId, state }) => seen.push(`${String(ids.indexOf(sessionId))} ${state}`),
  });
  await waitFor(() => seen.length === 2, { what: "two starts" });
  expect(await states()).toEqual(["running", "running", "prepared"]);
  guest(1).end();
  const started = await all;
  expect(started.map(({ sessionId }) => sessionId)).toEqual(ids);
  expect(seen).toEqual(["0 running", "1 running", "1 succeeded", "2 running"]);
  expect(await states()).toEqual(["running", "succeeded", "running"]);
});

test("launchAll that is interrupted leaves the rest prepared, and they can be started", async () => {
  const { sandbox, ids, guest, states } = await prepared(2);
  const stop = new AbortController();
  const started: Session[] = [];
  const all = sandbox.launchAll(ids, {
    maxParallel: 1,
    signal: stop.signal,
    onChange: (session) => started.push(session),
  });
  await waitFor(() => started.length === 1, { what: "the first start" });
  stop.abort();
  await expect(all).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(await states()).toEqual(["running", "prepared"]);
  guest(0).end();
  await sandbox.launchAll(ids.slice(1), { maxParallel: 1 });
  expect(await states()).toEqual(["succeeded", "running"]);
});

test("launchAll stops at one that does not start; the rest stay prepared", async () => {
  const { sandbox, ids, states } = await prepared(2);
  const all = sandbox.launchAll(ids, {
    maxParallel: 1,
    launch: () => Promise.reject(new Error("no pane")),
  });
  await expect(all).rejects.toThrow("no pane");
  expect(await states()).toEqual(["prepared", "prepared"]);
});

test("compare shows what each brings, and moves nothing", async () => {
  const { repo, sandbox, ids, guest, work } = await prepared(2);
  const before = repo.rev("HEAD");
  await sandbox.launchAll(ids, { maxParallel: 2 });
  work(0).commit({ a: "1\n2\n", b: "3\n" }, "two files");
  guest(0).end();
  guest(1).end();
  const compared = await sandbox.compare(ids);
  expect(
    compared.map(({ session, changes, check }) => ({ id: session.sessionId, changes, check })),
  ).toEqual([
    { id: ids[0], changes: { commits: 1, files: 2, added: 3, removed: 0 }, check: null },
    { id: ids[1], changes: { commits: 0, files: 0, added: 0, removed: 0 }, check: null },
  ]);
  expect(repo.rev("HEAD")).toBe(before);
  expect(repo.git("for-each-ref", "refs/cco/")).toBe("");
});

test("compare runs the check on each result in a guest of its own, before and after a pull", async () => {
  const { sandbox, ids, guest, work } = await prepared(2);
  await sandbox.launchAll(ids, { maxParallel: 2 });
  work(0).commit({ good: "x\n" }, "good");
  work(1).commit({ bad: "x\n" }, "bad");
  guest(0).end();
  guest(1).end();
  const outcomes = async (): Promise<readonly unknown[]> =>
    (await sandbox.compare(ids, { check: "test -e good" })).map(({ check }) => check);
  const expected = [
    { ok: true, message: null },
    { ok: false, message: expect.stringContaining('the check "test -e good" failed') as string },
  ];
  expect(await outcomes()).toEqual(expected);
  await sandbox.pull(ids[0] ?? "");
  expect(await outcomes()).toEqual(expected);
});
