import { expect, test } from "vitest";

import { makeFixture, planOf } from "./support.js";

test("a plan is pushed, carried out and collected into the session's record", async () => {
  const { repo, sandbox } = makeFixture();
  repo.write({ "plan.md": planOf("echo hello >new.txt\ngit add new.txt\ngit commit -qm 'add new'") });
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
