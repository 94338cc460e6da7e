import { existsSync } from "node:fs";
import { join } from "node:path";

import type { PulledSession, PullOptions } from "@cco/sandbox";
import { describe, expect, test } from "vitest";

import { makeFixture, planOf, type Fixture } from "./support.js";

/** Push a plan of this script, let it end, pull it. */
async function carryOut(
  fixture: Fixture,
  script: string,
  options: PullOptions = {},
): Promise<PulledSession> {
  const { repo, sandbox } = fixture;
  repo.write({ "plan.md": planOf(script) });
  const { sessionId } = await sandbox.prepare({
    repoRoot: repo.dir,
    planPath: "plan.md",
    agent: "runbook",
  });
  await sandbox.launch(sessionId);
  return sandbox.pull(sessionId, { timeoutMs: 60_000, ...options });
}

const notesOf = ({ events }: Fixture): string[] =>
  events.flatMap((event) => (event.type === "note" ? [event.note] : []));

describe("an honest agent's odd work is kept and named", () => {
  test("no commit", async () => {
    const fixture = makeFixture();
    const before = fixture.repo.rev("HEAD");
    const pulled = await carryOut(fixture, "true");
    expect(pulled).toMatchObject({ state: "succeeded", pulled: true, landed: null });
    expect(pulled.result).toMatchObject({ commits: 0, tip: before, salvaged: false });
    expect(fixture.repo.rev("HEAD")).toBe(before);
    expect(fixture.repo.rev(pulled.result?.ref ?? "")).toBe(before);
    expect(notesOf(fixture)).toContain("no-commits");
  });

  test("uncommitted work goes to the salvage ref, commits to the branch", async () => {
    const fixture = makeFixture();
    const pulled = await carryOut(
      fixture,
      "echo a >a; git add a; git commit -qm a; echo b >b; echo more >>a",
    );
    expect(pulled.result).toMatchObject({ commits: 1, salvaged: true });
    const salvage = `refs/cco/salvage/${pulled.sessionId}`;
    expect(fixture.repo.git("show", "--name-only", "--format=", salvage)).toBe("a\nb");
    expect(fixture.repo.git("log", "--format=%s", "main")).toBe("a\nfirst");
    expect(existsSync(fixture.repo.path("b"))).toBe(false);
  });

  test("the plan, which HEAD does not hold, is in no commit and no salvage", async () => {
    const fixture = makeFixture();
    const pulled = await carryOut(fixture, "git add -A; git commit -q --allow-empty -m all");
    expect(pulled.result).toMatchObject({ commits: 1, salvaged: false });
    expect(fixture.repo.git("show", "--name-only", "--format=", "HEAD")).toBe("");
  });

  test("an edited plan that HEAD has is hidden as an edit", async () => {
    const fixture = makeFixture();
    fixture.repo.commit({ "plan.md": "old\n" }, "plan");
    const pulled = await carryOut(
      fixture,
      "grep -q 'Do this' plan.md; echo a >a; git add -A; git commit -qm a",
    );
    expect(pulled).toMatchObject({ state: "succeeded", result: { commits: 1, salvaged: false } });
    expect(fixture.repo.git("show", "--name-only", "--format=", "HEAD")).toBe("a");
  });

  test("amending the pushed commit is kept on the session's ref", async () => {
    const fixture = makeFixture();
    fixture.repo.commit({}, "second");
    const before = fixture.repo.rev("HEAD");
    const error = await carryOut(
      fixture,
      "echo x >x; git add x; git commit -q --amend -m amended",
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "RESULT_REWRITTEN" });
    expect(fixture.repo.rev("HEAD")).toBe(before);
    const [session] = await fixture.sandbox.list();
    expect(session).toMatchObject({ pulled: false });
    expect(fixture.repo.git("log", "-1", "--format=%s", session?.result?.ref ?? "")).toBe(
      "amended",
    );
  });

  test("several branches, a detached HEAD", async () => {
    const fixture = makeFixture();
    const pulled = await carryOut(
      fixture,
      `git switch -qc side; echo s >s; git add s; git commit -qm side
       git switch -q main; git switch -q --detach; echo d >d; git add d; git commit -qm detached`,
    );
    expect(pulled.result).toMatchObject({ commits: 1 });
    expect(fixture.repo.git("log", "--format=%s", "main")).toBe("detached\nfirst");
    const heads = fixture.repo.git(
      "for-each-ref",
      "--format=%(subject)",
      `refs/cco/heads/${pulled.sessionId}`,
    );
    expect(heads).toBe("side");
    expect(notesOf(fixture)).toContain("other-heads");
  });

  test("the repository deleted: its files are salvaged on the pushed commit", async () => {
    const fixture = makeFixture();
    const pulled = await carryOut(fixture, "echo a >a; rm -rf .git");
    expect(pulled.result).toMatchObject({ commits: 0, salvaged: true });
    const salvage = `refs/cco/salvage/${pulled.sessionId}`;
    expect(fixture.repo.git("show", "--name-only", "--format=", salvage)).toBe("a");
    expect(fixture.repo.git("log", "-1", "--format=%P", salvage)).toBe(fixture.repo.rev("main"));
  });

  test("the repository made anew is another history", async () => {
    const fixture = makeFixture();
    const error = await carryOut(
      fixture,
      `rm -rf .git; git init -q -b main .; git config user.name x; git config user.email x@y
       git add -A; git commit -qm anew`,
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "RESULT_REWRITTEN" });
  });

  test("a repository inside the workspace: its files are salvaged", async () => {
    const fixture = makeFixture();
    const pulled = await carryOut(
      fixture,
      `mkdir 'in side'; cd 'in side'; git init -q; echo n >n; git config user.name x
       git config user.email x@y; git add n; git commit -qm n; cd ..; git init -q empty`,
    );
    expect(pulled.result).toMatchObject({ commits: 0, salvaged: true });
    const salvage = `refs/cco/salvage/${pulled.sessionId}`;
    expect(fixture.repo.git("ls-tree", "-r", "--name-only", salvage)).toBe("README.md\nin side/n");
  });

  test("an agent that fails: its commits land, and its last words are told", async () => {
    const fixture = makeFixture();
    const pulled = await carryOut(
      fixture,
      "echo a >a; git add a; git commit -qm a; echo 'no more milk'; exit 3",
    );
    expect(pulled).toMatchObject({ state: "failed", exitCode: 3, reason: "exit", pulled: true });
    expect(fixture.repo.git("log", "--format=%s", "main")).toBe("a\nfirst");
    const failed = fixture.events.find(
      (event) => event.type === "note" && event.note === "agent-failed",
    );
    expect(failed?.message).toContain("no more milk");
  });

  test("hooks, a file monitor, signing and a broken index stop nothing", async () => {
    const fixture = makeFixture();
    const pulled = await carryOut(
      fixture,
      `echo a >a; git add a; git commit -qm a
       mkdir -p .git/hooks
       for hook in pre-commit post-commit post-index-change reference-transaction; do
         printf '#!/bin/sh\\ntouch /workspace/ran\\nexit 1\\n' >.git/hooks/$hook; chmod +x .git/hooks/$hook
       done
       git config core.fsmonitor 'touch ran-too; false'; git config commit.gpgSign true
       echo b >b; echo nonsense >.git/index`,
    );
    expect(pulled.result).toMatchObject({ commits: 1, salvaged: true });
    const salvage = `refs/cco/salvage/${pulled.sessionId}`;
    expect(fixture.repo.git("ls-tree", "-r", "--name-only", salvage)).toBe("README.md\na\nb");
  });
});

test("a branch with odd characters, and a plan outside the repository", async () => {
  const fixture = makeFixture();
  const { repo, sandbox } = fixture;
  repo.git("switch", "-q", "-c", "feat/ä 'quote'$(x)".replaceAll(" ", "-"));
  const plan = join(repo.env["HOME"] ?? "", "my plan !.md");
  repo.write({
    "../env/home/my plan !.md": planOf("ls -a .cco/plan; echo a >a; git add -A; git commit -qm a"),
  });
  const { sessionId, plan: named } = await sandbox.prepare({
    repoRoot: repo.dir,
    planPath: plan,
    agent: "runbook",
  });
  expect(named).toBe(plan);
  await sandbox.launch(sessionId);
  const pulled = await sandbox.pull(sessionId);
  expect(pulled.result).toMatchObject({ commits: 1, salvaged: false });
  expect(repo.git("show", "--name-only", "--format=", "HEAD")).toBe("a");
});
