import { createReadStream, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import type { SalvageStore } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { Sandbox, type SandboxEvent } from "@cco/sandbox";
import { expect, it } from "vitest";

import { TestRepo } from "../../../test/support/repo.js";
import { makeTempDir } from "../../../test/support/temp-dir.js";
import { waitFor } from "../../../test/support/wait-for.js";
import { FakeBackend, onThisMachine, type FakeGuest } from "./fake-backend.js";
import { planOf } from "./support.js";

/** A box that loses guests when the test says so; `exec` is this machine's real git. */
async function made(store: SalvageStore | null, everyMs = 50) {
  const repo = TestRepo.withCommit();
  const runner = new ExecaRunner({ env: repo.env, cwd: repo.dir });
  const backend = new FakeBackend({
    dir: makeTempDir(),
    exec: onThisMachine(runner),
    salvage: { everyMs, store },
  });
  const events: SandboxEvent[] = [];
  const dataDir = join(repo.env["XDG_DATA_HOME"] ?? "", "cco");
  const onEvent = (event: SandboxEvent): void => void events.push(event);
  const sandbox = new Sandbox({ backend, runner, env: repo.env, dataDir, onEvent });
  writeFileSync(join(repo.dir, "plan.md"), planOf("true"));
  const { sessionId } = await sandbox.prepare({
    repoRoot: repo.dir,
    planPath: "plan.md",
    agent: "runbook",
  });
  await sandbox.launch(sessionId);
  const guest = backend.here.get(sessionId);
  if (guest === undefined) throw new Error("no guest");
  const exchange = join(dataDir, "exchange", sessionId);
  return { repo, backend, sandbox, sessionId, guest, exchange, events };
}

/** What the agent does: a commit, and something that it leaves. */
async function work(guest: FakeGuest): Promise<void> {
  const script = "echo a >a && git add a && git commit -qm 'add a' && echo half >half";
  const { exitCode, stderr } = await guest.exec(["sh", "-c", script]);
  expect(exitCode, stderr).toBe(0);
}

it("who waits saves the work; the guest lost, pull checks and lands it", async () => {
  const { repo, sandbox, sessionId, guest, exchange, events } = await made(null);
  await work(guest);
  const waiting = sandbox.wait(sessionId);
  await waitFor(() => existsSync(join(exchange, "saved/salvage.bundle")));
  guest.lose("node-lost");
  expect(await waiting).toMatchObject({ state: "lost", reason: "node-lost" });
  await expect(sandbox.remove(sessionId)).rejects.toMatchObject({ code: "UNPULLED_WORK" });
  const pulled = await sandbox.pull(sessionId);
  expect(pulled).toMatchObject({
    state: "lost",
    reason: "node-lost",
    pulled: true,
    result: { commits: 1, salvaged: true },
  });
  expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  expect(events).toContainEqual(expect.objectContaining({ type: "note", note: "saved" }));
  expect(existsSync(join(exchange, "saved"))).toBe(false);
  expect(await sandbox.pull(sessionId)).toMatchObject({ alreadyPulled: true, state: "lost" });
});

it("nothing was saved: lost, as without", async () => {
  const { sandbox, sessionId, guest } = await made(null, 3_600_000);
  guest.lose("evicted");
  await expect(sandbox.pull(sessionId)).rejects.toMatchObject({ code: "SESSION_LOST" });
  await sandbox.remove(sessionId);
});

it("a store of the box has the work: read once, checked, landed, removed", async () => {
  const dir = makeTempDir();
  const asked: string[] = [];
  const store: SalvageStore = {
    name: "volume results",
    async read(id, sink) {
      asked.push(`read ${id}`);
      await pipeline(createReadStream(join(dir, "saved")), sink);
      return { final: true };
    },
    remove(id) {
      asked.push(`remove ${id}`);
      return Promise.resolve();
    },
  };
  const { repo, sandbox, sessionId, guest, events } = await made(store);
  expect(guest.options.save?.attempt).toBe(1);
  await work(guest);
  const { stdout, exitCode } = await guest.exec([
    ...(guest.options.save?.argv ?? []).slice(0, 5),
    guest.paths.workspace,
    guest.paths.exchange,
    ...(guest.options.save?.argv ?? []).slice(7),
  ]);
  expect(exitCode).toBe(0);
  writeFileSync(join(dir, "saved"), stdout);
  guest.lose("evicted");
  await sandbox.pull(sessionId);
  expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  expect(asked).toEqual([`read ${sessionId}`, `remove ${sessionId}`]);
  const said = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
  expect(said.join("\n")).toContain("saved after its agent's end");
});

it("a store that was cut short: said, nothing moves, and the next pull asks again", async () => {
  let reads = 0;
  const store: SalvageStore = {
    name: "volume results",
    async read(_id, sink) {
      reads += 1;
      await pipeline(["cco-collect 1\nfile result.bundle 100\nshort"], sink);
      return { final: false };
    },
    remove: () => Promise.reject(new Error("unexpected remove")),
  };
  const { repo, sandbox, sessionId, guest } = await made(store);
  guest.lose("evicted");
  for (const times of [1, 2]) {
    await expect(sandbox.pull(sessionId)).rejects.toMatchObject({ code: "BUNDLE_TRUNCATED" });
    expect(reads).toBe(times);
  }
  expect(repo.git("log", "--format=%s", "main")).toBe("first");
});
