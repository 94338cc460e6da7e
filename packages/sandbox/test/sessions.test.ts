import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { ExecaRunner, RunError, type CommandRunner } from "@cco/exec";
import { Sandbox, type SandboxEvent, type SandboxOptions } from "@cco/sandbox";
import { describe, expect, test, vi } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";
import { waitFor } from "../../../test/support/wait-for.js";
import { FakeBackend, onThisMachine, type FakeGuest } from "./fake-backend.js";

const KEY = "sk-ant-test-0123456789";

/** Sessions whose agent is the test itself, over real git. */
class Lab {
  readonly repo = TestRepo.withCommit();
  readonly dir = makeTempDir();
  readonly dataDir = join(this.dir, "data");
  readonly runner = new ExecaRunner({ env: this.repo.env });
  readonly backend = new FakeBackend({
    exec: onThisMachine(this.runner),
    dir: join(this.dir, "guests"),
  });
  readonly events: SandboxEvent[] = [];
  readonly sandbox = this.another();

  another(options: Partial<SandboxOptions> = {}): Sandbox {
    const { backend, runner, dataDir } = this;
    const onEvent = (event: SandboxEvent): void => {
      this.events.push(event);
    };
    const env = { ...this.repo.env, ANTHROPIC_API_KEY: KEY };
    return new Sandbox({ backend, runner, dataDir, env, onEvent, ...options });
  }

  /** A session whose agent runs. */
  async start(withChanges = false): Promise<{ id: string; guest: FakeGuest; work: TestRepo }> {
    this.repo.write({ "plan.md": "# Plan\n" });
    const { sessionId: id } = await this.sandbox.prepare({
      repoRoot: this.repo.dir,
      planPath: "plan.md",
      withChanges,
    });
    await this.sandbox.launch(id);
    const guest = this.backend.here.get(id)!;
    return { id, guest, work: new TestRepo(guest.paths.workspace, this.repo.env) };
  }

  /** A session that has made a commit of `files` and ended. */
  async ended(files: Record<string, string> = { a: "a\n" }): Promise<string> {
    const { id, guest, work } = await this.start();
    work.commit(files, "work");
    guest.end();
    return id;
  }

  record(id: string): string {
    return join(this.dataDir, "exchange", id, "session.json");
  }

  edit(id: string, change: Record<string, unknown>): void {
    const record = JSON.parse(readFileSync(this.record(id), "utf8")) as object;
    writeFileSync(this.record(id), JSON.stringify({ ...record, ...change }));
  }

  notes(): string[] {
    return this.events.flatMap((event) => (event.type === "note" ? [event.note] : []));
  }
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );

describe("pull", () => {
  test("lands, gives the guest back, and does nothing the second time", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    const base = lab.repo.rev("HEAD");
    const pulled = await lab.sandbox.pull(id);
    expect(pulled).toMatchObject({
      state: "succeeded",
      pulled: true,
      landed: { branch: "main", from: base, tip: lab.repo.rev("HEAD") },
      result: { commits: 1, ref: `refs/cco/sessions/${id}` },
    });
    expect([...lab.backend.here.keys()]).toEqual([]);
    const again = await lab.another().pull(id);
    expect(again).toMatchObject({ alreadyPulled: true, landed: null, pulled: true });
    expect(lab.repo.rev("HEAD")).toBe(pulled.landed?.tip);
    expect(lab.notes()).toContain("already-pulled");
  });

  test("--keep keeps the box's copy, however often it is pulled; without it that is given back", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    await lab.sandbox.pull(id, { keep: true });
    expect(await lab.sandbox.pull(id, { keep: true })).toMatchObject({ alreadyPulled: true });
    expect([...lab.backend.here.keys()]).toEqual([id]);
    await lab.sandbox.pull(id);
    expect([...lab.backend.here.keys()]).toEqual([]);
  });

  test("two at once: the second waits and finds it pulled", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    const [one, two] = await Promise.all([lab.sandbox.pull(id), lab.another().pull(id)]);
    expect([one.alreadyPulled, two.alreadyPulled].sort()).toEqual([false, true]);
    expect(lab.repo.git("log", "--format=%s")).toBe("work\nfirst");
  });

  test("a limit of 0 does not wait; a limit is kept; interrupted, it can be repeated", async () => {
    const lab = new Lab();
    const { id, guest, work } = await lab.start();
    work.commit({ a: "a" }, "work");
    expect(await codeOf(lab.sandbox.pull(id, { timeoutMs: 0 }))).toBe("WAIT_TIMED_OUT");
    expect(await codeOf(lab.sandbox.pull(id, { timeoutMs: 20 }))).toBe("WAIT_TIMED_OUT");
    const controller = new AbortController();
    const interrupted = codeOf(lab.sandbox.pull(id, { signal: controller.signal }));
    controller.abort();
    expect(await interrupted).toBe("INTERRUPTED");
    guest.end();
    expect(await lab.sandbox.pull(id)).toMatchObject({ result: { commits: 1 } });
  });

  test.each(["ff", "merge", "squash", "rebase"] as const)(
    "%s: a crash right after the branch moved, then the same again",
    async (strategy) => {
      const lab = new Lab();
      const id = await lab.ended();
      if (strategy !== "ff") lab.repo.commit({ other: "o" }, "meanwhile");
      await lab.sandbox.pull(id, { strategy, keep: true });
      const tip = lab.repo.rev("HEAD");
      expect(lab.repo.git("ls-tree", "--name-only", "HEAD")).toContain("a");
      lab.edit(id, { pulled: false, landing: null });
      expect(await lab.another().pull(id, { strategy })).toMatchObject({ pulled: true });
      expect(lab.repo.rev("HEAD")).toBe(tip);
      expect([...lab.backend.here.keys()]).toEqual([]);
    },
  );

  test("a cut stream changes nothing; the next pull brings it", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    const whole = lab.backend.exec;
    lab.backend.exec = async (guest, argv, options) => {
      const held = new PassThrough();
      const collected = text(held);
      const result = await whole(guest, argv, { ...options, stdout: held });
      const sink = options.stdout as NodeJS.WritableStream;
      const bytes = await collected;
      await new Promise<void>((resolve) => {
        sink.end(bytes.slice(0, bytes.length - 40), resolve);
      });
      return result;
    };
    const before = lab.repo.rev("HEAD");
    expect(await codeOf(lab.sandbox.pull(id))).toBe("BUNDLE_TRUNCATED");
    expect(lab.repo.rev("HEAD")).toBe(before);
    lab.backend.exec = whole;
    expect(await lab.sandbox.pull(id)).toMatchObject({ result: { commits: 1 } });
  });

  test("larger than the cap: refused, and brought with a larger one", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    const small = lab.another({ intake: { maxBundleBytes: 100 } });
    expect(await codeOf(small.pull(id))).toBe("INTAKE_REFUSED");
    expect(await lab.sandbox.pull(id)).toMatchObject({ result: { commits: 1 } });
  });

  test("an oversized leftover does not block the commits", async () => {
    const lab = new Lab();
    const { id, guest, work } = await lab.start();
    work.commit({ a: "a" }, "work");
    const noise = Buffer.from(Array.from({ length: 40_000 }, (_, n) => (n * 7919) % 251));
    work.write({ big: noise });
    guest.end();
    const small = lab.another({ intake: { maxBundleBytes: 1_000 } });
    expect(await small.pull(id)).toMatchObject({ result: { commits: 1, salvaged: false } });
    expect(lab.notes()).toContain("salvage-failed");
  });

  test("--check runs on the result in a guest of its own, before the branch moves", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    const before = lab.repo.rev("HEAD");
    const error = await lab.sandbox
      .pull(id, { check: "test -e a && echo missing b && test -e b" })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "CHECK_FAILED" });
    expect((error as Error).message).toContain("missing b");
    expect(lab.repo.rev("HEAD")).toBe(before);
    expect([...lab.backend.here.keys()]).toEqual([id]);
    expect(await lab.sandbox.pull(id, { check: "test -e a && ! test -e plan.md" })).toMatchObject({
      pulled: true,
      result: { commits: 1 },
    });
    expect([...lab.backend.here.keys()]).toEqual([]);
  });

  test("--check that cannot be sent leaves no guest behind, however slow that one opens", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    let hasFailed = false;
    const failing: CommandRunner = {
      run: (argv, options) => {
        if (!argv.includes("pack-objects")) return lab.runner.run(argv, options);
        hasFailed = true;
        throw new RunError("COMMAND_NOT_STARTED", argv, "git: could not be started");
      },
      hostArgv: (argv) => argv,
    };
    const folder = join(lab.dataDir, "exchange", id);
    const isTidied = (): boolean =>
      !readdirSync(folder).some((name) => name.startsWith("check.bundle"));
    const open = lab.backend.openGuest.bind(lab.backend);
    vi.spyOn(lab.backend, "openGuest").mockImplementation(async (guestId, options) => {
      if (guestId.endsWith("-check")) {
        await waitFor(() => hasFailed && isTidied());
        // What follows it without waiting for this has its turn.
        for (let turn = 0; turn < 50; turn += 1) await stat(folder);
      }
      return open(guestId, options);
    });
    const pulled = lab.another({ runner: failing }).pull(id, { check: "true" });
    expect(await codeOf(pulled)).toBe("COMMAND_NOT_STARTED");
    await waitFor(() => lab.backend.calls.includes(`openGuest ${id}-check`));
    expect([...lab.backend.here.keys()]).toEqual([id]);
  });

  test("a snapshot leaves the session alone", async () => {
    const lab = new Lab();
    const { id, guest, work } = await lab.start();
    const first = work.commit({ a: "a" }, "work");
    work.write({ b: "b" });
    const before = lab.repo.rev("HEAD");
    const snapshot = await lab.sandbox.pull(id, { snapshot: true });
    expect(snapshot).toMatchObject({
      state: "running",
      pulled: false,
      result: { commits: 1, tip: first, salvaged: true },
    });
    expect(lab.repo.rev(`refs/cco/sessions/${id}`)).toBe(first);
    expect(lab.repo.rev("HEAD")).toBe(before);
    expect(work.git("status", "--porcelain")).toBe("?? b");
    const second = work.commit({ b: "b" }, "more");
    guest.end();
    expect(lab.repo.git("for-each-ref", `refs/cco/salvage/${id}`)).not.toBe("");
    expect(await lab.sandbox.pull(id)).toMatchObject({ landed: { tip: second } });
    // It was uncommitted then, and is not any more.
    expect(lab.repo.git("for-each-ref", `refs/cco/salvage/${id}`)).toBe("");
  });

  test("a snapshot of a session whose box is gone: where it is, is said", async () => {
    const lab = new Lab();
    const { id, work } = await lab.start();
    work.commit({ a: "a" }, "work");
    work.write({ left: "over" });
    await lab.sandbox.pull(id, { snapshot: true });
    const tip = lab.repo.rev(`refs/cco/sessions/${id}`);
    await lab.backend.closeGuest(id);
    const hint = expect.stringContaining(
      `its work is on refs/cco/sessions/${id} and refs/cco/salvage/${id}; keep it: \`git branch NAME refs/cco/sessions/${id}\``,
    ) as string;
    await expect(lab.sandbox.pull(id)).rejects.toMatchObject({ code: "SESSION_LOST", hint });
    await expect(lab.sandbox.remove(id)).rejects.toMatchObject({ code: "UNPULLED_WORK", hint });
    expect(lab.repo.rev(`refs/cco/sessions/${id}`)).toBe(tip);
  });

  test("what was brought before counts only as it came", async () => {
    const lab = new Lab();
    const { id, guest, work } = await lab.start();
    const tip = work.commit({ a: "a" }, "work");
    guest.end();
    expect(await codeOf(lab.sandbox.pull(id, { check: "false" }))).toBe("CHECK_FAILED");
    const bundle = join(lab.dataDir, "exchange", id, "collected/result.bundle");
    writeFileSync(bundle, Buffer.alloc(statSync(bundle).size));
    expect(await lab.sandbox.pull(id)).toMatchObject({ landed: { tip } });
  });

  test("a session with changes lands on a branch of its own; rebased, without them", async () => {
    const lab = new Lab();
    lab.repo.write({ "README.md": "# edited\n" });
    const first = await lab.start(true);
    first.work.commit({ a: "a" }, "work");
    first.guest.end();
    expect(await lab.sandbox.pull(first.id)).toMatchObject({
      landed: { branch: `cco/${first.id}`, from: null },
    });
    const second = await lab.start(true);
    second.work.commit({ b: "b" }, "more");
    second.guest.end();
    expect(await lab.sandbox.pull(second.id, { strategy: "rebase" })).toMatchObject({
      landed: { branch: "main" },
    });
    expect(lab.repo.git("log", "--format=%s", "main")).toBe("more\nfirst");
    expect(readFileSync(lab.repo.path("README.md"), "utf8")).toBe("# edited\n");
  });

  test("says that something is not sent, also where the plan's name begins like it", async () => {
    const lab = new Lab();
    lab.repo.commit({ plan: "1" });
    await lab.start();
    expect(lab.notes()).not.toContain("uncommitted-changes");
    lab.repo.write({ plan: "2" });
    await lab.start();
    expect(lab.notes()).toContain("uncommitted-changes");
  });

  test("the box is gone: lost; but not once it was collected", async () => {
    const lab = new Lab();
    const lostOne = await lab.ended();
    await lab.backend.closeGuest(lostOne);
    expect(await codeOf(lab.sandbox.pull(lostOne))).toBe("SESSION_LOST");
    expect(await lab.sandbox.get(lostOne)).toMatchObject({ state: "lost", reason: "box-gone" });

    const kept = await lab.ended({ a: "other\n" });
    lab.repo.git("switch", "-q", "-c", "elsewhere");
    lab.repo.git("branch", "-q", "-D", "main");
    expect(await codeOf(lab.sandbox.pull(kept))).toBe("BRANCH_GONE");
    await lab.backend.closeGuest(kept);
    expect(await lab.sandbox.pull(kept, { to: "rescued" })).toMatchObject({
      landed: { branch: "rescued" },
    });
  });
});

describe("the end", () => {
  test.each([
    [{ exitCode: 255 }, { state: "failed", exitCode: 255, reason: "exit" }],
    [
      { exitCode: 137, signal: "KILL", reason: "signal" },
      { state: "failed", signal: "KILL", reason: "signal" },
    ],
    [
      { exitCode: null, reason: "host-restart", endedAt: null },
      { state: "failed", exitCode: null, reason: "host-restart", endedAt: null },
    ],
    [{ endedBy: "claimed" }, { state: "succeeded", endedBy: "claimed", reason: null }],
  ] as const)("%j", async (end, session) => {
    const lab = new Lab();
    const { id, guest } = await lab.start();
    const waiting = lab.sandbox.wait(id);
    guest.end(end);
    expect(await waiting).toMatchObject(session);
    // It is written down: the box is asked no more.
    lab.backend.calls.length = 0;
    expect(await lab.another().get(id)).toMatchObject(session);
    expect(lab.backend.calls).toEqual([]);
  });

  test("cancelled: what it left stays pullable", async () => {
    const lab = new Lab();
    const { id, work } = await lab.start();
    work.commit({ a: "a" }, "work");
    expect(await lab.sandbox.cancel(id)).toMatchObject({ state: "cancelled", reason: null });
    expect(await codeOf(lab.sandbox.cancel(id))).toBe("NOT_RUNNING");
    expect(await codeOf(lab.sandbox.send(id, "hello"))).toBe("NOT_RUNNING");
    expect(await lab.sandbox.pull(id)).toMatchObject({
      state: "cancelled",
      result: { commits: 1 },
    });
  });

  test("launched twice starts once; a pane's launch is proven and remembered", async () => {
    const lab = new Lab();
    const { id, guest } = await lab.start();
    await lab.sandbox.launch(id);
    expect(guest.started).toHaveLength(1);
    expect(await lab.sandbox.confirmLaunch(id, { pane: "%7" })).toMatchObject({ pane: "%7" });
    await lab.sandbox.send(id, "go on");
    expect(guest.sent).toEqual(["go on"]);
    guest.now = { kind: "idle" };
    expect(await codeOf(lab.sandbox.confirmLaunch(id))).toBe("START_FAILED");
  });
});

describe("finding sessions", () => {
  test("one question to the box for a whole list, none when all have ended", async () => {
    const lab = new Lab();
    const one = await lab.start();
    await lab.start();
    const three = await lab.ended();
    lab.backend.calls.length = 0;
    expect(await lab.sandbox.idOf(one.id.slice(0, 7))).toBe(one.id);
    expect(await lab.sandbox.ids()).toContain(one.id);
    expect(lab.backend.calls).toEqual([]);
    const sessions = await lab.sandbox.list({ repo: lab.repo.dir });
    expect(sessions).toHaveLength(3);
    expect(sessions.find(({ sessionId }) => sessionId === three)?.state).toBe("succeeded");
    // What an agent printed is read once, when its end is first seen.
    expect(lab.backend.calls).toEqual(["guests", `openGuest ${three}`]);
    expect(await lab.sandbox.list({ repo: "/elsewhere" })).toEqual([]);
    for (const guest of lab.backend.here.values()) if (guest.now.kind === "running") guest.end();
    await lab.sandbox.list();
    lab.backend.calls.length = 0;
    await lab.sandbox.list();
    expect(lab.backend.calls).toEqual([]);
  });

  test("malformed, unknown, ambiguous, unreadable, of a newer version", async () => {
    const lab = new Lab();
    expect(await codeOf(lab.sandbox.idOf("../x"))).toBe("SESSION_ID_MALFORMED");
    expect(await codeOf(lab.sandbox.idOf(""))).toBe("SESSION_ID_MALFORMED");
    expect(await codeOf(lab.sandbox.idOf("123456789"))).toBe("SESSION_ID_MALFORMED");
    expect(await codeOf(lab.sandbox.idOf("ab"))).toBe("SESSION_NOT_FOUND");
    const id = await lab.ended();
    const second = await lab.ended();
    writeFileSync(lab.record(second), "{ not json");
    expect(await codeOf(lab.sandbox.get(second))).toBe("SESSION_UNREADABLE");
    expect(await lab.sandbox.list()).toMatchObject([{ sessionId: id }]);
    expect(lab.notes()).toContain("unreadable-session");
    lab.edit(id, { version: 2 });
    const error = await lab.sandbox.get(id).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "SESSION_UNREADABLE",
      hint: "use the newer cco for it",
    });
    expect((error as Error).message).toContain("newer");
  });

  test("a box that does not answer: shown as last known, with a note", async () => {
    const lab = new Lab();
    const { id } = await lab.start();
    lab.backend.guests = () => Promise.reject(new Error("no answer"));
    expect(await lab.sandbox.list()).toMatchObject([{ sessionId: id, state: "running" }]);
    expect(lab.notes()).toContain("warning");
  });
});

describe("removing", () => {
  test("refuses what would be lost; --force does it", async () => {
    const lab = new Lab();
    const { id, guest, work } = await lab.start();
    expect(await codeOf(lab.sandbox.remove(id))).toBe("SESSION_RUNNING");
    work.write({ left: "over" });
    guest.end();
    expect(await codeOf(lab.sandbox.remove(id))).toBe("UNPULLED_WORK");
    await lab.sandbox.remove(id, { force: true });
    expect(await codeOf(lab.sandbox.get(id))).toBe("SESSION_NOT_FOUND");
    expect([...lab.backend.here.keys()]).toEqual([]);
  });

  test("--force of one whose record cannot be read asks the box that it names", async () => {
    const lab = new Lab();
    const other = new FakeBackend({ name: "other" });
    const backendFor: SandboxOptions["backendFor"] = ({ backend }) =>
      backend === "other" ? Promise.resolve(other) : undefined;
    const sandbox = lab.another({ backendFor });
    const id = await lab.ended();
    await other.openGuest(id);
    lab.edit(id, { backend: "other", host: null, box: "other" });
    const text = readFileSync(lab.record(id), "utf8");
    writeFileSync(lab.record(id), text.slice(0, text.indexOf('"baseCommit"')));
    expect(await codeOf(sandbox.remove(id))).toBe("SESSION_UNREADABLE");
    await sandbox.remove(id, { force: true });
    expect([...other.here.keys()]).toEqual([]);
    expect([...lab.backend.here.keys()]).toEqual([id]);
    expect(await codeOf(sandbox.get(id))).toBe("SESSION_NOT_FOUND");
    expect(lab.notes()).not.toContain("warning");
  });

  test("--force of one whose record names no box says where it looked, one at a time", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    let go: (() => void) | undefined;
    const close = lab.backend.closeGuest.bind(lab.backend);
    lab.backend.closeGuest = async (guest) => {
      await new Promise<void>((resolve) => (go = resolve));
      await close(guest);
    };
    writeFileSync(lab.record(id), "{ not json");
    const first = lab.sandbox.remove(id, { force: true });
    const letGo = await waitFor(() => go);
    const second = codeOf(lab.another().remove(id, { force: true }));
    await waitFor(() => lab.notes().includes("waiting-for-lock"));
    lab.backend.closeGuest = close;
    letGo();
    await first;
    expect(await second).toBe("SESSION_NOT_FOUND");
    const said = lab.events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(said.join("\n")).toContain("only the fake box was looked into");
  });

  test("--force of a guest that no session has any more", async () => {
    const lab = new Lab();
    const id = await lab.ended();
    rmSync(dirname(lab.record(id)), { recursive: true });
    expect(await codeOf(lab.sandbox.remove(id))).toBe("SESSION_NOT_FOUND");
    const { kept } = await lab.sandbox.gc();
    expect(kept).toEqual([{ kind: "guest", id, why: "unpulled" }]);
    const said = lab.events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(said.join("\n")).toContain(`cco box rm ${id} --force --backend fake`);
    await lab.sandbox.remove(id, { force: true });
    expect([...lab.backend.here.keys()]).toEqual([]);
    expect(await codeOf(lab.sandbox.remove(id, { force: true }))).toBe("SESSION_NOT_FOUND");
    lab.backend.guests = () => Promise.reject(new Error("no answer"));
    const unasked = lab.sandbox.remove(id, { force: true });
    await expect(unasked).rejects.toThrow("the fake box cannot be asked: no answer");
  });

  test("one that did nothing, or was pulled, goes with its refs; salvage stays", async () => {
    const lab = new Lab();
    const idle = await lab.start();
    idle.guest.end();
    await lab.sandbox.remove(idle.id);
    const { id, guest, work } = await lab.start();
    work.commit({ a: "a" }, "work");
    work.write({ left: "over" });
    guest.end();
    await lab.sandbox.pull(id);
    await lab.sandbox.remove(id);
    expect(lab.repo.git("for-each-ref", "--format=%(refname)", "refs/cco")).toBe(
      `refs/cco/salvage/${id}`,
    );
    expect(lab.notes()).toContain("kept");
  });

  test("gc removes what is pulled or orphaned, never unpulled work", async () => {
    const lab = new Lab();
    const unpulled = await lab.ended({ b: "b" });
    const running = await lab.start();
    const pulled = await lab.ended();
    await lab.sandbox.pull(pulled);
    await lab.backend.openGuest("0badf00d");
    const dry = await lab.sandbox.gc({ dryRun: true });
    expect(dry.removed).toEqual([
      { kind: "session", id: pulled, why: "pulled" },
      { kind: "guest", id: "0badf00d", why: "orphaned" },
    ]);
    expect(await lab.sandbox.get(pulled)).toMatchObject({ pulled: true });
    const report = await lab.sandbox.gc();
    expect(report.removed).toEqual(dry.removed);
    expect(report.kept.map(({ id, why }) => `${id} ${why}`).sort()).toEqual(
      [`${unpulled} unpulled`, `${running.id} running`].sort(),
    );
    expect((await lab.sandbox.list()).map(({ sessionId }) => sessionId).sort()).toEqual(
      [unpulled, running.id].sort(),
    );
    expect([...lab.backend.here.keys()].sort()).toEqual([unpulled, running.id].sort());
  });
});

test("gc looks once more before it forgets: what was started meanwhile stays", async () => {
  const lab = new Lab();
  lab.repo.write({ "plan.md": "# Plan\n" });
  const { sessionId: old } = await lab.sandbox.prepare({
    repoRoot: lab.repo.dir,
    planPath: "plan.md",
  });
  lab.edit(old, { createdAt: "2020-01-01T00:00:00.000Z" });
  const pulled = await lab.ended();
  await lab.sandbox.pull(pulled);
  const close = lab.backend.closeGuest.bind(lab.backend);
  lab.backend.closeGuest = async (id) => {
    if (id === pulled) await lab.sandbox.launch(old);
    await close(id);
  };
  const { removed, kept } = await lab.sandbox.gc();
  expect(removed.map(({ id }) => id)).toEqual([pulled]);
  expect(kept.map(({ id }) => id)).toEqual([old]);
  expect(await lab.sandbox.get(old)).toMatchObject({ state: "running" });
});

test("gc of a folder whose record is gone leaves its guest's unpulled work", async () => {
  const lab = new Lab();
  const id = await lab.ended({ a: "a" });
  rmSync(lab.record(id));
  const hours = Date.now() / 1000 - 2 * 3600;
  utimesSync(dirname(lab.record(id)), hours, hours);
  const { removed, kept } = await lab.sandbox.gc();
  expect(removed).toEqual([{ kind: "exchange", id, why: "orphaned" }]);
  expect(kept).toEqual([{ kind: "guest", id, why: "unpulled" }]);
  expect([...lab.backend.here.keys()]).toEqual([id]);
});

test("gc leaves what another machine's sessions left in a shared box", async () => {
  const lab = new Lab();
  const elsewhere = lab.another({ dataDir: join(lab.dir, "elsewhere") });
  const start = async (): Promise<{ id: string; guest: FakeGuest; work: TestRepo }> => {
    const { sessionId: id } = await elsewhere.prepare({
      repoRoot: lab.repo.dir,
      planPath: "plan.md",
    });
    await elsewhere.launch(id);
    const guest = lab.backend.here.get(id)!;
    return { id, guest, work: new TestRepo(guest.paths.workspace, lab.repo.env) };
  };
  lab.repo.write({ "plan.md": "# Plan\n" });
  const [worked, left, idle] = [await start(), await start(), await start()];
  worked.work.commit({ a: "a" }, "work");
  left.work.write({ left: "over" });
  for (const { guest } of [worked, left, idle]) guest.end();

  const { removed, kept } = await lab.sandbox.gc();
  expect(removed).toEqual([{ kind: "guest", id: idle.id, why: "orphaned" }]);
  expect(kept.map(({ kind, id, why }) => `${kind} ${id} ${why}`).sort()).toEqual(
    [worked, left].map(({ id }) => `guest ${id} unpulled`).sort(),
  );
  expect(await elsewhere.pull(worked.id)).toMatchObject({ result: { commits: 1 } });
});

test("diff says what pull would bring, and moves no branch", async () => {
  const lab = new Lab();
  const { id, work } = await lab.start();
  const tip = work.commit({ "a \u001b[31m": "1\n2\n", "README.md": null }, "wo\u001b]0;x\u0007rk");
  const before = lab.repo.rev("HEAD");
  expect(await lab.sandbox.diff(id)).toMatchObject({
    sessionId: id,
    base: before,
    tip,
    commits: [{ sha: tip, subject: "work" }],
    files: [
      { path: "README.md", status: "D", added: 0, removed: 1 },
      { path: "a ", status: "A", added: 2, removed: 0 },
    ],
  });
  expect(lab.repo.rev("HEAD")).toBe(before);
});

test("diff shows what intake would refuse, and why; nothing of it comes into the repository", async () => {
  const lab = new Lab();
  const id = await lab.ended({ ".githooks/pre-commit": "#!/bin/sh\n" });
  expect(await codeOf(lab.sandbox.pull(id))).toBe("INTAKE_REFUSED");
  const report = await lab.sandbox.diff(id);
  expect(report).toMatchObject({
    commits: [{ subject: "work" }],
    files: [{ path: ".githooks/pre-commit", status: "A" }],
    findings: [{ rule: "hook-path", tier: "block" }],
  });
  expect(lab.repo.tryGit({}, "cat-file", "-e", report.tip).exitCode).not.toBe(0);
  expect(await lab.sandbox.pull(id, { allow: ["hook-path"] })).toMatchObject({
    landed: { tip: report.tip },
  });
});

test("logs: text without controls by default, the bytes when asked, only the last lines", async () => {
  const lab = new Lab();
  const { id, guest } = await lab.start();
  guest.printed = "one\r\n\u001b[32mtwo\u001b[0m\r\n10%\r100%\r\n\u001b]0;title\u0007last";
  const read = async (options: object): Promise<string> => {
    const sink = new PassThrough();
    const shown = text(sink);
    await lab.sandbox.logs(id, sink, options);
    return shown;
  };
  expect(await read({})).toBe("one\ntwo\n100%\nlast\n");
  expect(await read({ tail: 2 })).toBe("100%\nlast\n");
  expect(await read({ raw: true })).toBe(guest.printed);
});
