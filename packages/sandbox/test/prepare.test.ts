import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";

import { ExecaRunner, type RunResult } from "@cco/exec";
import { Sandbox, type PrepareOptions } from "@cco/sandbox";
import { describe, expect, test } from "vitest";

import { makeTempDir, PERSON, TestRepo } from "../../../test/support/repo.js";
import {
  FakeBackend,
  onThisMachine,
  type FakeBackendOptions,
  type FakeExec,
} from "./fake-backend.js";

const KEY = "sk-ant-test-0123456789";

interface Fixture {
  readonly repo: TestRepo;
  readonly backend: FakeBackend;
  readonly dataDir: string;
  readonly sandbox: Sandbox;
}

function makeFixture(options: FakeBackendOptions = {}, repo = TestRepo.withCommit()): Fixture {
  const dir = makeTempDir();
  const runner = new ExecaRunner({ env: repo.env });
  const exec: FakeExec = onThisMachine(runner);
  const backend = new FakeBackend({ exec, dir: join(dir, "guests"), ...options });
  const dataDir = join(dir, "data");
  return {
    repo,
    backend,
    dataDir,
    sandbox: new Sandbox({
      backend,
      runner,
      dataDir,
      env: { ...repo.env, ANTHROPIC_API_KEY: KEY },
    }),
  };
}

async function failure(
  { repo, sandbox }: Fixture,
  options: Partial<PrepareOptions> = {},
): Promise<unknown> {
  return sandbox.prepare({ repoRoot: repo.dir, planPath: "plan.md", ...options }).then(
    () => "no error",
    (error: unknown) => error,
  );
}

/** Nothing of a session is left anywhere but its id among those that were given. */
function expectNothing({ backend, dataDir, repo }: Fixture): void {
  expect([...backend.here.keys()]).toEqual([]);
  const exchange = join(dataDir, "exchange");
  const left = existsSync(exchange) ? readdirSync(exchange) : [];
  expect(left.filter((name) => name !== "given")).toEqual([]);
  expect(repo.git("for-each-ref", "refs/cco")).toBe("");
}

const PLAN = { "plan.md": "# Plan\n\nDo it.\n" };

describe("the box", () => {
  test("stopped: the error says how to start it, and nothing is made", async () => {
    const fixture = makeFixture({ status: "stopped" });
    fixture.repo.write(PLAN);
    expect(await failure(fixture)).toMatchObject({
      code: "BOX_STOPPED",
      message: "sandbox not running, run `cco box start`",
      hint: "cco box start --backend fake",
    });
    expectNothing(fixture);
  });

  test("missing: the error says how to create it, the hint what to install", async () => {
    const fixture = makeFixture({ status: "missing" });
    fixture.repo.write(PLAN);
    expect(await failure(fixture)).toMatchObject({
      code: "BOX_MISSING",
      message: "sandbox not created, run `cco box create`",
      hint: "apt-get install tool",
    });
    expectNothing(fixture);
  });

  test("running: id, branch and the whole command, nothing launched", async () => {
    const fixture = makeFixture();
    fixture.repo.write({ ".plans/test-plan.md": "# Plan\n" });
    const session = await fixture.sandbox.prepare({
      repoRoot: fixture.repo.dir,
      planPath: ".plans/test-plan.md",
    });
    expect(session.sessionId).toMatch(/^[0-9a-f]{8}$/);
    expect(session.branch).toBe("main");
    expect(session.command).toContain("fakectl shell");
    expect(session.command).toContain("claude --dangerously-skip-permissions");
    expect(session.command).toContain(session.sessionId);
    expect(session.command).toContain("'/executing-plans-in-sandbox .plans/test-plan.md'");
    const guest = fixture.backend.here.get(session.sessionId);
    expect(guest?.now.kind).toBe("idle");
    expect(guest?.started).toEqual([]);
    expect(existsSync(join(guest?.paths.exchange ?? "", "input.bundle"))).toBe(true);
    expect(readdirSync(guest?.paths.workspace ?? "").sort()).toEqual([
      ".git",
      ".plans",
      "README.md",
    ]);
    expect(
      readFileSync(
        join(guest?.paths.home ?? "", ".claude/skills/executing-plans-in-sandbox/SKILL.md"),
        "utf8",
      ),
    ).toContain("Read the whole plan");
  });

  test("the agent's program is not there: said before anything is sent", async () => {
    const fixture = makeFixture({ missing: ["claude"] });
    fixture.repo.write(PLAN);
    expect(await failure(fixture)).toMatchObject({
      code: "AGENT_NOT_FOUND",
      hint: "install it: npm install -g @anthropic-ai/claude-code",
    });
    expectNothing(fixture);
  });
});

describe("the plan", () => {
  test("missing", async () => {
    expect(await failure(makeFixture(), { planPath: "no/plan.md" })).toMatchObject({
      code: "PLAN_NOT_FOUND",
      message: "plan file not found: no/plan.md",
    });
  });

  test.each([
    ["empty", "PLAN_EMPTY", ""],
    ["blank", "PLAN_EMPTY", " \n\t\n"],
  ])("%s", async (_name, code, content) => {
    const fixture = makeFixture();
    fixture.repo.write({ "plan.md": content });
    expect(await failure(fixture)).toMatchObject({ code });
    expectNothing(fixture);
  });

  test("a folder", async () => {
    const fixture = makeFixture();
    mkdirSync(fixture.repo.path("plan.md"));
    expect(await failure(fixture)).toMatchObject({ code: "PLAN_IS_FOLDER" });
  });

  test("that cannot be read", async () => {
    const fixture = makeFixture();
    fixture.repo.write(PLAN);
    // root may read whatever the mode says; no one can read a process's memory at 0.
    if (process.getuid?.() === 0) {
      rmSync(fixture.repo.path("plan.md"));
      symlinkSync("/proc/self/mem", fixture.repo.path("plan.md"));
    } else {
      chmodSync(fixture.repo.path("plan.md"), 0);
    }
    expect(await failure(fixture)).toMatchObject({ code: "PLAN_UNREADABLE" });
  });

  test("a link to itself is unreadable", async () => {
    const fixture = makeFixture();
    symlinkSync("plan.md", fixture.repo.path("plan.md"));
    expect(await failure(fixture)).toMatchObject({ code: "PLAN_UNREADABLE" });
  });

  test("a runbook without a block", async () => {
    const fixture = makeFixture();
    fixture.repo.write(PLAN);
    expect(await failure(fixture, { agent: "runbook" })).toMatchObject({
      code: "PLAN_HAS_NO_STEPS",
    });
    expectNothing(fixture);
  });
});

describe("the repository", () => {
  test("none, bare, without a commit, detached, in a rebase", async () => {
    const outside = makeFixture();
    const dir = makeTempDir();
    const plan = join(outside.repo.dir, "plan.md");
    outside.repo.write(PLAN);
    expect(await failure(outside, { repoRoot: dir, planPath: plan })).toMatchObject({
      code: "NOT_A_REPOSITORY",
    });
    outside.repo.git("init", "-q", "--bare", join(dir, "bare"));
    expect(await failure(outside, { repoRoot: join(dir, "bare"), planPath: plan })).toMatchObject({
      code: "BARE_REPOSITORY",
    });

    const unborn = makeFixture({}, TestRepo.init());
    unborn.repo.write(PLAN);
    expect(await failure(unborn)).toMatchObject({ code: "UNBORN_BRANCH" });

    outside.repo.git("switch", "-q", "--detach");
    expect(await failure(outside)).toMatchObject({ code: "DETACHED_HEAD" });
    outside.repo.git("switch", "-q", "main");

    outside.repo.commit({ a: "1" }, "one");
    outside.repo.tryGit(
      { env: { GIT_SEQUENCE_EDITOR: "sed -i s/pick/edit/" } },
      ...["rebase", "-q", "-i", "HEAD~1"],
    );
    expect(await failure(outside)).toMatchObject({
      code: "OPERATION_IN_PROGRESS",
      hint: "finish or abort it: git rebase --abort",
    });
    expectNothing(outside);
  });

  test("the guest has the branch, its tip, the person, and little more history than asked", async () => {
    const fixture = makeFixture();
    const { repo, backend, sandbox } = fixture;
    for (const n of ["1", "2", "3", "4"]) repo.commit({ n }, `commit ${n}`);
    repo.write(PLAN);
    const { sessionId, baseCommit } = await sandbox.prepare({
      repoRoot: repo.dir,
      planPath: "plan.md",
      depth: 2,
    });
    expect(baseCommit).toBe(repo.rev("HEAD"));
    const clone = new TestRepo(backend.here.get(sessionId)?.paths.workspace ?? "", repo.env);
    expect(clone.rev("main")).toBe(baseCommit);
    expect(clone.git("log", "--format=%s")).toBe("commit 4\ncommit 3\ncommit 2");
    expect(clone.git("status", "--porcelain")).toBe("");
    expect(clone.git("config", "--local", "user.email")).toBe(PERSON.email);
    expect(clone.git("fsck", "--connectivity-only")).toBe("");
    expect(readFileSync(clone.path("plan.md"), "utf8")).toBe(PLAN["plan.md"]);
  });

  test("uncommitted changes travel only when asked, and stay as they are here", async () => {
    const fixture = makeFixture();
    const { repo, backend, sandbox } = fixture;
    repo.write({ ...PLAN, "README.md": "# changed\n", "new.txt": "new\n" });
    const options = { repoRoot: repo.dir, planPath: "plan.md" };
    const plain = await sandbox.prepare(options);
    const sent = await sandbox.prepare({ ...options, withChanges: true });
    const read = (id: string, file: string): string =>
      readFileSync(join(backend.here.get(id)?.paths.workspace ?? "", file), "utf8");
    expect(read(plain.sessionId, "README.md")).toBe("# sample\n");
    expect(read(sent.sessionId, "README.md")).toBe("# changed\n");
    expect(read(sent.sessionId, "new.txt")).toBe("new\n");
    expect(sent.baseCommit).not.toBe(plain.baseCommit);
    expect(repo.rev(`${sent.baseCommit}^`)).toBe(plain.baseCommit);
    expect(repo.git("status", "--porcelain")).toBe(" M README.md\n?? new.txt\n?? plan.md");
    await sandbox.remove(sent.sessionId);
    expect(repo.git("for-each-ref", "refs/cco")).toBe("");
  });
});

describe("a prepare that fails leaves nothing", () => {
  const failing = (result: Partial<RunResult>): FakeExec => {
    const whole = { exitCode: 1, signal: null, stdout: Buffer.alloc(0), stderr: "", ...result };
    return () => Promise.resolve(whole);
  };

  test("the box's disk is full", async () => {
    const stderr = "tar: input.bundle: Cannot write: No space left on device\n";
    const fixture = makeFixture({ exec: failing({ exitCode: 74, stderr }) });
    fixture.repo.write(PLAN);
    expect(await failure(fixture)).toMatchObject({ code: "DISK_FULL" });
    expectNothing(fixture);
  });

  test("the stream is cut", async () => {
    const runner = new ExecaRunner();
    const run = onThisMachine(runner);
    const fixture = makeFixture({
      exec: async (guest, argv, options) => {
        const chunks: Buffer[] = [];
        for await (const chunk of options.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
        const whole = Buffer.concat(chunks);
        return run(guest, argv, { ...options, stdin: whole.subarray(0, whole.length - 2048) });
      },
    });
    fixture.repo.write(PLAN);
    expect(await failure(fixture)).toMatchObject({ code: "TRANSFER_FAILED" });
    expectNothing(fixture);
  });

  test("it is interrupted", async () => {
    const controller = new AbortController();
    const fixture = makeFixture({
      exec: () => {
        controller.abort();
        return Promise.reject(controller.signal.reason as Error);
      },
    });
    fixture.repo.write(PLAN);
    expect(await failure(fixture, { signal: controller.signal, withChanges: true })).toMatchObject({
      code: "INTERRUPTED",
    });
    expectNothing(fixture);
  });
});
