import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { BUILT_IN_AGENTS, configured, type Sandbox, type Session } from "@cco/sandbox";
import { describe, expect, test } from "vitest";

import { waitFor } from "../../../test/support/wait-for.js";
import { claudeFixture } from "./claude-support.js";

const becomes = (sandbox: Sandbox, id: string, wanted: Partial<Session>): Promise<unknown> =>
  waitFor(async () => {
    const now = await sandbox.get(id);
    return Object.entries(wanted).every(([key, value]) => now[key as keyof Session] === value);
  });

async function logsOf(sandbox: Sandbox, id: string, options = {}): Promise<string> {
  const sink = new PassThrough();
  const [said] = await Promise.all([text(sink), sandbox.logs(id, sink, options)]);
  return said;
}

const soon = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe("in a terminal", () => {
  test("a turn's end is the end: waited for, gone on with, pulled", async () => {
    const { repo, sandbox, start, backend } = claudeFixture();
    const id = await start("work", true);
    const finished = { state: "running", waiting: "finished", exitCode: null, endedAt: null };
    expect(await sandbox.wait(id)).toMatchObject(finished);
    expect(await sandbox.list()).toMatchObject([finished]);

    await sandbox.send(id, "two");
    await waitFor(async () => {
      const { result } = await sandbox.pull(id, { snapshot: true });
      return result?.commits === 2;
    });
    expect(await sandbox.wait(id)).toMatchObject(finished);

    const pulled = await sandbox.pull(id);
    expect(pulled).toMatchObject({
      ...{ state: "succeeded", waiting: null, exitCode: null, signal: null, reason: null },
      ...{ pulled: true, result: { commits: 2 }, endedBy: "observed" },
    });
    expect(repo.git("log", "--format=%s")).toBe("two\none\nfirst");
    expect([...(await backend.guests()).keys()]).toEqual([]);
  });

  test("cancelled while its terminal is open", async () => {
    const { sandbox, start } = claudeFixture();
    const id = await start("work", true);
    await sandbox.wait(id);
    expect(await sandbox.cancel(id)).toMatchObject({ state: "cancelled", waiting: null });
    expect(await sandbox.pull(id)).toMatchObject({ state: "cancelled", result: { commits: 1 } });
  });

  test("a question, and its answer", async () => {
    const { sandbox, start } = claudeFixture();
    const id = await start("ask", true);
    await becomes(sandbox, id, { waiting: "person", reason: null });
    await sandbox.send(id, "answer");
    expect(await sandbox.wait(id)).toMatchObject({ waiting: "finished" });
    expect(await sandbox.pull(id)).toMatchObject({ state: "succeeded", result: { commits: 1 } });
  });

  test("a usage limit, and going on by itself", async () => {
    const { repo, sandbox, start } = claudeFixture();
    const id = await start(`limit ${String(soon(2))}`, true);
    expect(await sandbox.pull(id)).toMatchObject({ state: "succeeded", result: { commits: 1 } });
    expect(repo.git("log", "-1", "--format=%s")).toBe("The-u");
  });

  test("a refused login waits for a person and says why", async () => {
    const { sandbox, start } = claudeFixture();
    const id = await start("login", true);
    await becomes(sandbox, id, { state: "running", waiting: "person", reason: "not-logged-in" });
  });
});

describe("without a terminal", () => {
  test("exits at its end; its words are readable, what it used is summed", async () => {
    const { sandbox, start } = claudeFixture();
    const id = await start("work", false);
    expect(await sandbox.wait(id)).toMatchObject({
      ...{ state: "succeeded", waiting: null, exitCode: 0 },
      usage: { turns: 2, inputTokens: 10, outputTokens: 3, costUsd: 0.5 },
    });
    expect(await logsOf(sandbox, id)).toBe("Working: é.\n");
    expect(await logsOf(sandbox, id, { tail: 1 })).toBe("Working: é.\n");
    expect(await logsOf(sandbox, id, { raw: true })).toContain('{"type":"result"');
    expect(await sandbox.pull(id)).toMatchObject({ usage: { turns: 2 } });
  });

  test("a usage limit: it runs on, what there is is kept, it is started again", async () => {
    const { repo, sandbox, start } = claudeFixture();
    const id = await start(`limit ${String(soon(3))}`, false);
    expect(await sandbox.wait(id)).toMatchObject({
      state: "succeeded",
      usage: { turns: 2, inputTokens: 20, outputTokens: 6, costUsd: 1 },
    });
    expect(await sandbox.pull(id)).toMatchObject({ result: { commits: 2, salvaged: true } });
    expect(repo.git("log", "--format=%s")).toBe("two\none\nfirst");
  });

  test("a usage limit far ahead is told with its time, and can be cancelled", async () => {
    const { sandbox, start } = claudeFixture();
    const resumes = soon(5000);
    const id = await start(`limit ${String(resumes)}`, false);
    const resumesAt = new Date(resumes * 1000).toISOString();
    await becomes(sandbox, id, { state: "running", waiting: "usage-limit", resumesAt });
    expect(await sandbox.cancel(id)).toMatchObject({ state: "cancelled" });
    expect(await sandbox.pull(id)).toMatchObject({ result: { commits: 1, salvaged: true } });
  });

  test("a usage limit with resume off is an end", async () => {
    const { sandboxOf, start } = claudeFixture();
    const agents = BUILT_IN_AGENTS.map((profile) => configured(profile, { resume: false }));
    const sandbox = sandboxOf({ agents });
    const id = await start(`limit ${String(soon(5000))}`, false, sandbox);
    expect(await sandbox.wait(id)).toMatchObject({
      ...{ state: "failed", reason: "usage-limit", exitCode: 1, waiting: null },
    });
  });

  test.each([
    ["login", { state: "failed", reason: "not-logged-in", exitCode: 1 }],
    ["unknown", { state: "failed", reason: "agent-error", exitCode: 0 }],
    ["nonsense", { state: "failed", reason: "exit", exitCode: 64 }],
  ])("%s", async (plan, end) => {
    const { sandbox, start } = claudeFixture();
    const id = await start(plan, false);
    expect(await sandbox.wait(id)).toMatchObject(end);
  });
});
