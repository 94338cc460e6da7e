import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { SalvageStore } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { Sandbox, type SandboxEvent } from "@cco/sandbox";
import { expect } from "vitest";

import { TestRepo } from "../../../test/support/repo.js";
import { makeTempDir } from "../../../test/support/temp-dir.js";
import { FakeBackend, onThisMachine, type FakeGuest } from "./fake-backend.js";
import { planOf } from "./support.js";

/** A box that loses guests when the test says so; `exec` is this machine's real git. */
export async function made(store: SalvageStore | null, everyMs = 50, retries = 0, older = 0) {
  const repo = TestRepo.withCommit();
  for (let n = 1; n <= older; n += 1) repo.commit({ [`old${String(n)}`]: "" }, `old ${String(n)}`);
  const runner = new ExecaRunner({ env: repo.env, cwd: repo.dir });
  const backend = new FakeBackend({
    dir: makeTempDir(),
    exec: onThisMachine(runner),
    salvage: { everyMs, store },
  });
  const events: SandboxEvent[] = [];
  const dataDir = join(repo.env["XDG_DATA_HOME"] ?? "", "cco");
  const onEvent = (event: SandboxEvent): void => void events.push(event);
  const options = { backend, runner, env: repo.env, dataDir, onEvent };
  const sandbox = new Sandbox(options);
  writeFileSync(join(repo.dir, "plan.md"), planOf("true"));
  const { sessionId } = await sandbox.prepare({
    repoRoot: repo.dir,
    planPath: "plan.md",
    agent: "runbook",
    retries,
    ...(older === 0 ? {} : { depth: 2 }),
  });
  await sandbox.launch(sessionId);
  const guest = backend.here.get(sessionId);
  if (guest === undefined) throw new Error("no guest");
  const exchange = join(dataDir, "exchange", sessionId);
  const other = new Sandbox(options);
  return { repo, backend, sandbox, other, options, sessionId, guest, exchange, events };
}

/** What the agent does: by default a commit, and something that it leaves. */
export async function work(
  guest: FakeGuest,
  script = "echo a >a && git add a && git commit -qm 'add a' && echo half >half",
): Promise<void> {
  const { exitCode, stderr } = await guest.exec(["sh", "-c", script]);
  expect(exitCode, stderr).toBe(0);
}

/** The stream of what the guest holds now, as it saves it itself. */
export async function saves(guest: FakeGuest): Promise<Buffer> {
  const argv = guest.options.save?.argv ?? [];
  const folders = [guest.paths.workspace, guest.paths.exchange];
  const { stdout, exitCode } = await guest.exec([
    ...argv.slice(0, 5),
    ...folders,
    ...argv.slice(7),
  ]);
  expect(exitCode).toBe(0);
  return stdout;
}
