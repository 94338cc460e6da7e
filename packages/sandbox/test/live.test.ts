import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import type { Sandbox } from "@cco/sandbox";
import { expect, test } from "vitest";

import { makeFixture, planOf, type Fixture } from "./support.js";

async function start({ repo, sandbox }: Fixture, script: string): Promise<string> {
  repo.write({ "plan.md": planOf(script) });
  const { sessionId } = await sandbox.prepare({
    repoRoot: repo.dir,
    planPath: "plan.md",
    agent: "runbook",
  });
  await sandbox.launch(sessionId);
  return sessionId;
}

/** The log of a running session, until it holds `word`. */
async function until(sandbox: Sandbox, id: string, word: string): Promise<void> {
  const stop = new AbortController();
  const sink = new PassThrough();
  const reading = sandbox
    .logs(id, sink, { follow: true, signal: stop.signal })
    .catch((error: unknown) => error);
  let seen = "";
  for await (const chunk of sink as AsyncIterable<Buffer>) {
    seen += chunk.toString();
    if (seen.includes(word)) break;
  }
  stop.abort();
  expect(await reading).toMatchObject({ code: "INTERRUPTED" });
}

test("a running agent: followed, taken as a snapshot, cancelled, pulled, and nothing left", async () => {
  const fixture = makeFixture();
  const { repo, backend, sandbox } = fixture;
  const id = await start(
    fixture,
    "echo a >a; git add a; git commit -qm a; echo b >b; echo ready; sleep 1000",
  );
  expect(await sandbox.get(id)).toMatchObject({ state: "running", exitCode: null });
  await until(sandbox, id, "\nready\n");
  expect(await sandbox.pull(id, { snapshot: true })).toMatchObject({
    state: "running",
    result: { commits: 1, salvaged: true },
  });
  expect(await sandbox.viewArgv(id)).not.toEqual([]);

  const waiting = sandbox.wait(id);
  expect(await sandbox.cancel(id)).toMatchObject({ state: "cancelled", endedBy: "observed" });
  expect(await waiting).toMatchObject({ state: "cancelled" });

  const log = new PassThrough();
  const printed = text(log);
  await sandbox.logs(id, log, { tail: 1 });
  expect(await printed).not.toBe("");
  expect(await sandbox.pull(id)).toMatchObject({ state: "cancelled", landed: { branch: "main" } });
  expect(repo.git("log", "--format=%s")).toBe("a\nfirst");
  expect([...(await backend.guests()).keys()]).toEqual([]);
});

test("--check has the result and no other guest's files", async () => {
  const fixture = makeFixture();
  const id = await start(fixture, "echo a >a; git add a; git commit -qm a");
  const check = `test "$(cat a)" = a && ! test -e plan.md && ! ls /workspace/${id}`;
  expect(await fixture.sandbox.pull(id, { check })).toMatchObject({ pulled: true });
  expect([...(await fixture.backend.guests()).keys()]).toEqual([]);
});
