import { LocalBackend } from "@cco/local";
import { Sandbox } from "@cco/sandbox";
import { afterEach, expect, test, vi } from "vitest";

import { makeFixture, planOf } from "./support.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a script with every default, without a workspace or a window", async () => {
  const { repo } = makeFixture();
  for (const [name, value] of Object.entries(repo.env)) vi.stubEnv(name, value);
  repo.write({ "docs/plan.md": planOf("echo hello >new.txt; git add .; git commit -qm new") });
  const repoRoot = repo.dir;
  const planPath = "docs/plan.md";
  const { signal } = new AbortController();

  const sandbox = new Sandbox({ backend: new LocalBackend() });
  const session = await sandbox.prepare({ repoRoot, planPath, agent: "runbook" });
  await sandbox.launch(session.sessionId);
  await sandbox.wait(session.sessionId, { signal, timeoutMs: 30_000 });
  const result = await sandbox.pull(session.sessionId, { strategy: "ff" });

  expect(result.landed?.tip).toBe(repo.rev("main"));
  expect(repo.git("log", "--format=%s")).toBe("new\nfirst");
});

test("a plan is pushed, carried out and collected into the session's record", async () => {
  const { repo, sandbox } = makeFixture();
  repo.write({
    "plan.md": planOf("echo hello >new.txt\ngit add new.txt\ngit commit -qm 'add new'"),
  });
  const session = await sandbox.prepare({
    repoRoot: repo.dir,
    planPath: "plan.md",
    agent: "runbook",
  });
  expect(session).toMatchObject({ state: "prepared", branch: "main", repo: repo.dir });
  expect(session.command).toContain(session.sessionId);

  expect(await sandbox.launch(session.sessionId)).toMatchObject({ sessionId: session.sessionId });
  const ended = await sandbox.wait(session.sessionId, { timeoutMs: 30_000 });
  expect(ended).toMatchObject({ state: "succeeded", exitCode: 0, endedBy: "observed" });

  const pulled = await sandbox.pull(session.sessionId);
  expect(pulled).toMatchObject({ pulled: true, alreadyPulled: false, result: { commits: 1 } });
  expect(repo.git("log", "--format=%s")).toBe("add new\nfirst");
  expect(repo.rev("HEAD")).toBe(pulled.result?.tip);
});
