import { createReadStream, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { BackendError, type SalvageStore, type SandboxBackend } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { Sandbox } from "@cco/sandbox";
import { describe, expect, it } from "vitest";

import { TestRepo } from "../../../test/support/repo.js";
import { makeTempDir } from "../../../test/support/temp-dir.js";
import { waitFor } from "../../../test/support/wait-for.js";
import { FakeBackend } from "./fake-backend.js";
import { made, saves, work } from "./losing-box.js";
import { planOf } from "./support.js";

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
  writeFileSync(join(dir, "saved"), await saves(guest));
  guest.lose("evicted");
  const { kept } = await sandbox.gc({ dryRun: true });
  expect(kept).toEqual([{ kind: "session", id: sessionId, why: "not-looked-into" }]);
  expect(asked).toEqual([]);
  await sandbox.pull(sessionId);
  expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  expect(asked).toEqual([`read ${sessionId}`, `remove ${sessionId}`]);
  const said = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
  expect(said.join("\n")).toContain("saved after its agent's end");
});

it("a store that was cut short: said, nothing moves, the next pull asks again, rm --force forgets", async () => {
  let reads = 0;
  const store: SalvageStore = {
    name: "volume results",
    async read(_id, sink) {
      reads += 1;
      await pipeline(["cco-collect 1\nfile result.bundle 100\nshort"], sink);
      return { final: false };
    },
    remove: () => Promise.reject(new BackendError("BACKEND_FAILED", "volume results is gone")),
  };
  const { repo, sandbox, sessionId, guest } = await made(store);
  guest.lose("evicted");
  for (const times of [1, 2]) {
    await expect(sandbox.pull(sessionId)).rejects.toMatchObject({ code: "BUNDLE_TRUNCATED" });
    expect(reads).toBe(times);
  }
  expect(repo.git("log", "--format=%s", "main")).toBe("first");
  await sandbox.remove(sessionId, { force: true });
  await expect(sandbox.get(sessionId)).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
});

it("gc asks the store of a lost guest that no session has, and keeps what is there", async () => {
  let held = "cco-collect 1\nfact commits some\nfile result.bundle 4\nwork";
  const removed: string[] = [];
  let reads = 0;
  const store: SalvageStore = {
    name: "volume results",
    async read(_id, sink, { signal } = {}) {
      reads += 1;
      await pipeline([held], sink, signal === undefined ? {} : { signal });
      return { final: false };
    },
    remove(id) {
      removed.push(id);
      return Promise.resolve();
    },
  };
  const { sandbox, sessionId, guest, exchange } = await made(store);
  guest.lose("evicted");
  rmSync(exchange, { recursive: true });
  expect((await sandbox.gc({ dryRun: true })).kept).toEqual([
    { kind: "guest", id: sessionId, why: "not-looked-into" },
  ]);
  expect(reads).toBe(0);
  for (held of [held, `${held}${"x".repeat(100_000)}`]) {
    const { kept } = await sandbox.gc();
    expect(kept).toEqual([{ kind: "guest", id: sessionId, why: "unpulled" }]);
  }
  expect(removed).toEqual([]);
  held = "cco-collect 1\nfact commits none\nfact salvage none\nend\n";
  const report = await sandbox.gc();
  expect(report.removed).toEqual([{ kind: "guest", id: sessionId, why: "orphaned" }]);
  expect(removed).toEqual([sessionId]);
});

describe("a snapshot, then a loss", () => {
  /** A store with what a guest saved last. */
  function storeOf(): { store: SalvageStore; held: Buffer } {
    const box = {
      held: Buffer.alloc(0),
      store: {
        name: "volume results",
        async read(_id, sink) {
          await pipeline([box.held], sink);
          return { final: false };
        },
        remove: () => Promise.resolve(),
      } satisfies SalvageStore,
    };
    return box;
  }

  it("where who waits saves it, the snapshot is saved too", async () => {
    const { repo, sandbox, sessionId, guest } = await made(null, 3_600_000);
    await work(guest);
    await sandbox.pull(sessionId, { snapshot: true });
    await work(guest, "git add half && git commit -qm 'add half' && echo more >more");
    await sandbox.pull(sessionId, { snapshot: true });
    const tip = repo.rev(`refs/cco/sessions/${sessionId}`);
    guest.lose("evicted");
    expect(await sandbox.pull(sessionId)).toMatchObject({ result: { tip, salvaged: true } });
    expect(repo.git("log", "--format=%s", "main")).toBe("add half\nadd a\nfirst");
    expect(repo.git("show", `refs/cco/salvage/${sessionId}:more`)).toBe("more");
  });

  it("a later save without the uncommitted work leaves what an earlier one had", async () => {
    const { repo, sandbox, options, sessionId, guest, exchange } = await made(null, 3_600_000);
    const small = new Sandbox({ ...options, intake: { maxBundleBytes: 20_000 } });
    await work(guest);
    await sandbox.pull(sessionId, { snapshot: true });
    await work(guest, "head -c 100000 /dev/urandom >big");
    for (const times of [1, 2]) {
      await small.pull(sessionId, { snapshot: true });
      expect(existsSync(join(exchange, "kept.1")), String(times)).toBe(true);
    }
    guest.lose("evicted");
    expect(await sandbox.pull(sessionId)).toMatchObject({ result: { salvaged: true } });
    expect(repo.git("show", `refs/cco/salvage/${sessionId}:half`)).toBe("half");
    expect(existsSync(join(exchange, "kept.1"))).toBe(false);
    await sandbox.remove(sessionId);
  });

  it("an older save of a store is not taken for the newer snapshot", async () => {
    const volume = storeOf();
    const { repo, sandbox, sessionId, guest } = await made(volume.store);
    await work(guest);
    volume.held = await saves(guest);
    await work(guest, "git add half && git commit -qm 'add half'");
    await sandbox.pull(sessionId, { snapshot: true });
    const tip = repo.rev(`refs/cco/sessions/${sessionId}`);
    guest.lose("evicted");
    const result = { tip, commits: 2, salvaged: false };
    expect(await sandbox.pull(sessionId)).toMatchObject({ result });
    expect(repo.rev(`refs/cco/sessions/${sessionId}`)).toBe(tip);
    expect(repo.git("show", `refs/cco/heads/${sessionId}/1:half`)).toBe("half");
    expect(repo.git("log", "--format=%s", "main")).toBe("add half\nadd a\nfirst");
  });

  it("a newer save of a store is taken", async () => {
    const volume = storeOf();
    const { repo, sandbox, sessionId, guest } = await made(volume.store);
    await work(guest);
    await sandbox.pull(sessionId, { snapshot: true });
    await work(guest, "git add half && git commit -qm 'add half'");
    volume.held = await saves(guest);
    guest.lose("evicted");
    expect(await sandbox.pull(sessionId)).toMatchObject({ result: { commits: 2 } });
    expect(repo.git("log", "--format=%s", "main")).toBe("add half\nadd a\nfirst");
  });

  it("which is newer is not known: the snapshot lands, the save is beside it", async () => {
    const volume = storeOf();
    const { repo, sandbox, sessionId, guest, events } = await made(volume.store);
    await work(guest);
    await sandbox.pull(sessionId, { snapshot: true });
    await work(guest, "git commit -q --amend -m 'add a, again' && echo more >more");
    volume.held = await saves(guest);
    guest.lose("evicted");
    const tip = repo.rev(`refs/cco/sessions/${sessionId}`);
    const salvage = repo.rev(`refs/cco/salvage/${sessionId}`);
    expect(await sandbox.pull(sessionId)).toMatchObject({ result: { tip, salvaged: true } });
    expect(repo.rev("main")).toBe(tip);
    expect(repo.rev(`refs/cco/salvage/${sessionId}`)).toBe(salvage);
    const beside = `refs/cco/heads/${sessionId}`;
    expect(repo.git("log", "-1", "--format=%s", `${beside}/1`)).toBe("add a, again");
    expect(repo.git("show", `${beside}/2:more`)).toBe("more");
    const said = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(said.join("\n")).toContain(`what was saved is on ${beside}/1`);
  });
});

describe("--retries", () => {
  it("two that wait start it once more between them, with all that was saved", async () => {
    const { repo, backend, sandbox, sessionId, guest, exchange } = await made(null, 50, 1);
    await work(guest);
    const waiting = [sandbox.wait(sessionId), sandbox.wait(sessionId)];
    await waitFor(() => existsSync(join(exchange, "saved/salvage.bundle")));
    guest.lose("node-lost");
    const second = await waitFor(() => {
      const found = backend.here.get(sessionId);
      return found !== guest && found?.now.kind === "running" ? found : undefined;
    });
    const look = "git log --format=%s; git status --short; cat half";
    const { stdout } = await second.exec(["sh", "-c", look]);
    expect(stdout.toString()).toBe("add a\nfirst\n?? half\nhalf\n");
    expect(second.started).toHaveLength(1);
    expect(backend.calls.filter((call) => call === `closeGuest ${sessionId}`)).toHaveLength(1);
    const { exitCode } = await second.exec([
      "sh",
      "-c",
      "git add half && git commit -qm 'add half'",
    ]);
    expect(exitCode).toBe(0);
    await waitFor(async () => {
      const session = await sandbox.get(sessionId);
      return session.state === "running";
    });
    second.end();
    for (const session of await Promise.all(waiting)) expect(session.state).toBe("succeeded");
    await sandbox.pull(sessionId);
    expect(repo.git("log", "--format=%s", "main")).toBe("add half\nadd a\nfirst");
  });

  it("what could not be taken in before a new start stays until the session is removed", async () => {
    const { repo, backend, sandbox, sessionId, guest, exchange, events } = await made(null, 50, 1);
    const deep = "d/".repeat(250);
    await work(guest, `git commit -q --allow-empty -m 'add a'; mkdir -p ${deep}; echo x >${deep}x`);
    const waiting = sandbox.wait(sessionId);
    await waitFor(() => existsSync(join(exchange, "saved/salvage.bundle")));
    guest.lose("evicted");
    const second = await waitFor(() => {
      const found = backend.here.get(sessionId);
      return found !== guest && found?.now.kind === "running" ? found : undefined;
    });
    const kept = join(exchange, "kept.1");
    await waitFor(() => existsSync(join(exchange, "saved/collected.json")));
    expect(existsSync(join(kept, "salvage.bundle"))).toBe(true);
    const said = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(said).toContain(`what was uncommitted is not in the new start; it stays in ${kept}`);
    second.end();
    await waiting;
    await sandbox.pull(sessionId);
    expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    const hint = `it is in ${kept}; --force throws it away`;
    const refused = { code: "UNPULLED_WORK", hint };
    await expect(sandbox.remove(sessionId)).rejects.toMatchObject(refused);
    expect((await sandbox.gc()).kept).toEqual([
      { kind: "session", id: sessionId, why: "unpulled" },
    ]);
    await sandbox.remove(sessionId, { force: true });
    expect(existsSync(exchange)).toBe(false);
  });

  it("a result on a commit that no guest is sent is not started once more, and can be pulled", async () => {
    const { repo, backend, sandbox, sessionId, guest, exchange, events } = await made(
      null,
      50,
      1,
      5,
    );
    const first = repo.rev("HEAD~5");
    await work(guest, `git fetch -q --unshallow '${repo.dir}' && git reset -q --hard ${first}`);
    await work(guest);
    const waiting = sandbox.wait(sessionId);
    await waitFor(() => existsSync(join(exchange, "saved/salvage.bundle")));
    guest.lose("evicted");
    expect(await waiting).toMatchObject({ state: "lost" });
    expect(backend.here.get(sessionId)).toBe(guest);
    const said = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(said.join("\n")).toContain(`not started once more: what it did is built on ${first}`);
    await expect(sandbox.pull(sessionId)).rejects.toMatchObject({ code: "RESULT_REWRITTEN" });
    expect(repo.git("log", "--format=%s", `refs/cco/sessions/${sessionId}`)).toBe("add a\nfirst");
  });

  it("no start is left: lost, and pull brings what there was", async () => {
    const { repo, backend, sandbox, sessionId, guest, exchange } = await made(null, 50, 1);
    await work(guest);
    const waiting = sandbox.wait(sessionId);
    await waitFor(() => existsSync(join(exchange, "saved/salvage.bundle")));
    guest.lose("evicted");
    const second = await waitFor(() => {
      const found = backend.here.get(sessionId);
      return found !== guest && found?.now.kind === "running" ? found : undefined;
    });
    second.lose("evicted");
    expect(await waiting).toMatchObject({ state: "lost", reason: "evicted" });
    await sandbox.pull(sessionId);
    expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  });

  it("a start that failed is begun again by the next that waits, and counts once", async () => {
    const { backend, sandbox, sessionId, guest } = await made(null, 3_600_000, 1);
    guest.lose("evicted");
    const open = backend.openGuest.bind(backend);
    backend.openGuest = () => Promise.reject(new BackendError("START_FAILED", "no room"));
    await expect(sandbox.wait(sessionId)).rejects.toMatchObject({ code: "START_FAILED" });
    backend.openGuest = open;
    const waiting = sandbox.wait(sessionId);
    const second = await waitFor(() => {
      const found = backend.here.get(sessionId);
      return found?.now.kind === "running" ? found : undefined;
    });
    expect(second).not.toBe(guest);
    second.end();
    expect(await waiting).toMatchObject({ state: "succeeded" });
  });

  it("one that had ended before its guest was lost is not started", async () => {
    const dir = makeTempDir();
    const store: SalvageStore = {
      name: "volume results",
      async read(_id, sink) {
        await pipeline(createReadStream(join(dir, "saved")), sink);
        return { final: true };
      },
      remove: () => Promise.resolve(),
    };
    const { backend, sandbox, sessionId, guest, events } = await made(store, 50, 3);
    writeFileSync(join(dir, "saved"), "cco-collect 1\nfact commits none\nfact salvage none\nend\n");
    guest.lose("node-lost");
    expect(await sandbox.wait(sessionId)).toMatchObject({ state: "lost" });
    expect(backend.here.get(sessionId)).toBe(guest);
    const said = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(said).toContain("not started once more: its agent had ended, and its work is saved");
  });

  it("cancel gives up a start that does not come about: pull brings what there was", async () => {
    const { repo, backend, sandbox, sessionId, guest, exchange } = await made(null, 50, 2);
    await work(guest);
    const waiting = sandbox.wait(sessionId);
    await waitFor(() => existsSync(join(exchange, "saved/salvage.bundle")));
    backend.openGuest = () => Promise.reject(new BackendError("START_FAILED", "no room"));
    guest.lose("evicted");
    await expect(waiting).rejects.toMatchObject({ code: "START_FAILED" });
    await expect(sandbox.pull(sessionId)).rejects.toMatchObject({ code: "START_FAILED" });
    expect(await sandbox.cancel(sessionId)).toMatchObject({ state: "lost" });
    await sandbox.pull(sessionId);
    expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  });

  it("what a store had of an earlier start is not taken for the later one's", async () => {
    const nothing = "cco-collect 1\nfact commits none\nfact salvage none\nend\n";
    let reads = 0;
    const store: SalvageStore = {
      name: "volume results",
      async read(_id, sink) {
        reads += 1;
        await pipeline([nothing], sink);
        return { final: false };
      },
      remove: () => Promise.resolve(),
    };
    const { backend, sandbox, sessionId, guest } = await made(store, 50, 1);
    guest.lose("node-lost");
    const waiting = sandbox.wait(sessionId);
    const second = await waitFor(() => {
      const found = backend.here.get(sessionId);
      return found !== guest && found?.now.kind === "running" ? found : undefined;
    });
    await waitFor(async () => (await sandbox.get(sessionId)).state === "running");
    expect(reads).toBe(1);
    second.lose("node-lost");
    expect(await waiting).toMatchObject({ state: "lost" });
    await sandbox.pull(sessionId);
    expect(reads).toBe(2);
  });

  it("who waits goes on where another cco started it once more first", async () => {
    const { backend, sandbox, other, sessionId, guest } = await made(null, 3_600_000, 1);
    let fail: ((error: Error) => void) | undefined;
    guest.ended = () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      });
    const slow = sandbox.wait(sessionId);
    const lose = await waitFor(() => fail);
    const opened = (): number =>
      backend.calls.filter((call) => call === `openGuest ${sessionId}`).length;
    const before = opened();
    guest.lose("evicted");
    const waiting = other.wait(sessionId);
    const second = await waitFor(() => {
      const found = backend.here.get(sessionId);
      return found !== guest && found?.now.kind === "running" ? found : undefined;
    });
    // To start it, and to wait for it.
    await waitFor(() => opened() === before + 2);
    lose(new Error("its pod is gone"));
    await waitFor(() => opened() === before + 3);
    second.end();
    for (const session of await Promise.all([slow, waiting])) {
      expect(session.state).toBe("succeeded");
    }
  });

  it("the time limit holds for a start too, which the next that waits begins again", async () => {
    const { backend, sandbox, sessionId, guest } = await made(null, 3_600_000, 1);
    guest.lose("evicted");
    await expect(sandbox.pull(sessionId, { timeoutMs: 0 })).rejects.toMatchObject({
      code: "WAIT_TIMED_OUT",
      message: `session ${sessionId} is lost, and not started once more yet`,
    });
    expect(backend.here.get(sessionId)).toBe(guest);
    const open = backend.openGuest.bind(backend);
    const noRoom: SandboxBackend["openGuest"] = (_id, _options, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      });
    backend.openGuest = noRoom;
    const late = sandbox.wait(sessionId, { timeoutMs: 300 });
    await expect(late).rejects.toMatchObject({ code: "WAIT_TIMED_OUT" });
    backend.openGuest = open;
    const waiting = sandbox.wait(sessionId);
    const second = await waitFor(() => {
      const found = backend.here.get(sessionId);
      return found?.now.kind === "running" ? found : undefined;
    });
    second.end();
    expect(await waiting).toMatchObject({ state: "succeeded" });
  });

  it("is refused where guests are lost by nobody but a person", async () => {
    const repo = TestRepo.withCommit();
    writeFileSync(join(repo.dir, "plan.md"), planOf("true"));
    const runner = new ExecaRunner({ env: repo.env, cwd: repo.dir });
    const sandbox = new Sandbox({ backend: new FakeBackend(), runner, env: repo.env });
    const options = { repoRoot: repo.dir, planPath: "plan.md", agent: "runbook", retries: 1 };
    await expect(sandbox.prepare(options)).rejects.toMatchObject({ code: "RETRIES_UNSUPPORTED" });
  });
});
