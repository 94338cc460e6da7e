import { join } from "node:path";

import { BackendError } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { Sandbox } from "@cco/sandbox";
import { describe, expect, test } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";
import { FakeBackend, onThisMachine } from "./fake-backend.js";

/** A box that can be stopped and removed, over real git. */
class Machine extends FakeBackend {
  override stop = (): Promise<void> => {
    this.calls.push("stop");
    this.status_ = "stopped";
    return Promise.resolve();
  };

  override destroy = (): Promise<void> => {
    this.calls.push("destroy");
    this.here.clear();
    this.status_ = "missing";
    return Promise.resolve();
  };

  override guests(only?: string) {
    if (this.status_ === "stopped") {
      return Promise.reject(new BackendError("BOX_STOPPED", "sandbox not running"));
    }
    return super.guests(only);
  }
}

async function started() {
  const repo = TestRepo.withCommit();
  const dir = makeTempDir();
  const runner = new ExecaRunner({ env: repo.env });
  const backend = new Machine({ exec: onThisMachine(runner), dir: join(dir, "guests") });
  const env = { ...repo.env, ANTHROPIC_API_KEY: "sk-ant-a-test" };
  const sandbox = new Sandbox({ backend, runner, dataDir: join(dir, "data"), env });
  repo.write({ "plan.md": "# Plan\n" });
  const { sessionId: id } = await sandbox.prepare({ repoRoot: repo.dir, planPath: "plan.md" });
  await sandbox.launch(id);
  const guest = backend.here.get(id)!;
  return { repo, backend, sandbox, id, guest };
}

describe("stopBox", () => {
  test("refuses while a session runs; force ends it", async () => {
    const { backend, sandbox, id } = await started();
    await expect(sandbox.stopBox()).rejects.toMatchObject({
      code: "SESSION_RUNNING",
      message: `sessions run in this box: ${id}`,
    });
    expect(backend.status_).toBe("running");
    await sandbox.stopBox({ force: true });
    expect(backend.status_).toBe("stopped");
  });

  test("a stopped box's sessions have failed as long as nobody knows better", async () => {
    const { backend, sandbox, id, guest } = await started();
    await sandbox.stopBox({ force: true });
    const [session] = await sandbox.list();
    expect(session).toMatchObject({ sessionId: id, state: "failed", reason: "box-stopped" });
    await expect(sandbox.pull(id)).rejects.toMatchObject({ code: "BOX_STOPPED" });
    backend.status_ = "running";
    guest.end({ exitCode: null, reason: "host-restart" });
    const [after] = await sandbox.list();
    expect(after).toMatchObject({ state: "failed", reason: "host-restart" });
  });
});

describe("destroyBox", () => {
  test("refuses while unpulled work is inside, running, ended or out of sight", async () => {
    const { repo, backend, sandbox, id, guest } = await started();
    const refused = { code: "UNPULLED_WORK", message: expect.stringContaining(id) as string };
    await expect(sandbox.destroyBox()).rejects.toMatchObject(refused);
    new TestRepo(guest.paths.workspace, repo.env).commit({ a: "a\n" }, "work");
    guest.end();
    await expect(sandbox.destroyBox()).rejects.toMatchObject(refused);
    backend.status_ = "stopped";
    await expect(sandbox.destroyBox()).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining("cco box start --backend fake") as string,
    });
    expect(backend.calls).not.toContain("destroy");
    backend.status_ = "running";
    await sandbox.pull(id);
    await sandbox.destroyBox();
    expect(backend.status_).toBe("missing");
  });

  test("force throws it away, and the session is lost", async () => {
    const { sandbox, id } = await started();
    await sandbox.destroyBox({ force: true });
    expect(await sandbox.list()).toMatchObject([
      { sessionId: id, state: "lost", reason: "box-gone" },
    ]);
  });
});
