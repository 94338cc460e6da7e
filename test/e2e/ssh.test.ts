import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { TestRepo } from "../support/repo.js";
import { sshdUnavailable, sshdUser } from "../support/sshd.js";
import { waitFor } from "../support/wait-for.js";
import { FarScene } from "./far-scene.js";
import { mainJobCases } from "./main-job.js";
import { commitBlock, untilLet, type SessionJson } from "./scene.js";

const HOST = ["--host", "big"];

describe.skipIf(sshdUnavailable !== null)(`a box of ${sshdUser} on another machine`, () => {
  describe("the main job", () => {
    let one: FarScene;
    beforeAll(async () => {
      one = await FarScene.make();
    });
    mainJobCases(() => new FarScene(one.sshd, { everyBox: true }));
  });

  it("add, push, a live pane, wait, pull", async () => {
    const scene = await FarScene.make();
    const added = await scene.json<{ worktree: string }>(["add", "feat/x"]);
    const worktree = new TestRepo(added.worktree, scene.env);
    const plan = scene.plan(untilLet, commitBlock("a"), commitBlock("b"));
    const session = await scene.json<SessionJson & { host: string; command: string }>(
      ["box", "push", plan, ...HOST],
      0,
      { cwd: worktree.dir },
    );
    const id = session.sessionId;
    expect(session).toMatchObject({ host: "big", backend: "local", state: "running" });
    expect(session.command).toMatch(/^ssh -t .* -- big .*launch/);
    await scene.tmux.waitForText(session.pane ?? "", "== block 1 of 3");
    // The guest is over there, and nowhere here.
    expect(existsSync(scene.inGuest(id, "README.md"))).toBe(true);
    expect(existsSync(join(scene.env["XDG_DATA_HOME"] ?? "", "cco/guests"))).toBe(false);

    scene.letGo(id);
    expect(await scene.ok(["box", "wait", id])).toBe(`Session ${id} succeeded.`);
    expect(await scene.ok(["box", "pull", id])).toMatch(`Session ${id} succeeded: 2 commits`);
    expect(worktree.git("log", "--format=%s")).toBe("add b\nadd a\nfirst");
    expect(existsSync(scene.inGuest(id, ""))).toBe(false);
  });

  it("a closed pane, a killed tmux server and killed connections stop nothing; a wait goes on", async () => {
    const scene = await FarScene.make();
    const added = await scene.json<{ worktree: string }>(["add", "feat/x"]);
    const worktree = new TestRepo(added.worktree, scene.env);
    const plan = scene.plan(untilLet, commitBlock("a"));
    const args = ["box", "push", plan, ...HOST];
    const session = await scene.json<SessionJson>(args, 0, { cwd: worktree.dir });
    const id = session.sessionId;
    await scene.untilMade(id, "here");
    const waiting = scene.start(["box", "wait", id]);
    const sessions = scene.sshd.connections().length;
    expect(sessions).toBeGreaterThan(0);
    scene.tmux.run("kill-pane", "-t", session.pane ?? "");
    scene.tmux.kill();
    scene.sshd.breakConnections();
    await waitFor(() => scene.sshd.masters().length > 0 && scene.sshd.connections().length > 0);
    scene.letGo(id);
    expect(await waiting.ended).toMatchObject({
      exitCode: 0,
      stdout: `Session ${id} succeeded.\n`,
    });
    await scene.ok(["box", "pull", id]);
    expect(worktree.git("log", "--format=%s")).toBe("add a\nfirst");
  });

  it("a machine that cannot be reached: ls shows what was known, others say why and exit 7", async () => {
    const scene = await FarScene.make();
    const id = await scene.running(commitBlock("a"));
    await scene.cut();

    const shown = await scene.cco(["box", "ls", "--json"]);
    expect(shown.exitCode).toBe(0);
    expect(JSON.parse(shown.stdout)).toMatchObject([{ sessionId: id, state: "running" }]);
    expect(shown.stderr.match(/cannot ask the box on big: big refuses connections/g)).toHaveLength(
      1,
    );
    const pull = await scene.cco(["box", "pull", id]);
    expect(pull.exitCode).toBe(7);
    expect(pull.stderr).toMatch(/^cco: big refuses connections by ssh .*\n {2}→ .*ssh big true\n/m);

    await scene.sshd.listen();
    scene.letGo(id);
    expect(await scene.ok(["box", "pull", id])).toMatch("1 commit");
  });

  it("push to a machine that is not there leaves nothing behind", async () => {
    const scene = await FarScene.make();
    const plan = scene.plan(commitBlock("a"));
    const args = ["box", "push", plan, "--no-pane", "--host", "me@no-such.invalid"];
    const error = await scene.json<{ error: { code: string; hint: string } }>(args, 7);
    expect(error.error).toMatchObject({ code: "SSH_HOST_UNKNOWN" });
    expect(error.error.hint).toContain("~/.ssh/config");
    expect(await scene.sessions()).toEqual([]);
    await scene.ok(["box", "ls", "--host", "-oProxyCommand=x"], {}, 2);
  });

  it("its server over there killed outright: failed, and its work still comes home", async () => {
    const scene = await FarScene.make();
    const id = await scene.running();
    writeFileSync(scene.inGuest(id, "half"), "half\n");
    const tty = join(scene.inGuest(id, ".."), "ctl/tty");
    const asked = await scene.sshd.plain(`tmux -S ${tty} display-message -p '#{pid}'`);
    expect(asked.stdout).toMatch(/^\d+\n$/);
    process.kill(Number(asked.stdout), "SIGKILL");
    await scene.ok(["box", "pull", id], {}, 4);
    expect(scene.repo.git("show", `refs/cco/salvage/${id}:half`)).toBe("half");
  });

  it("a slow link: few calls carry a push and a pull", async () => {
    const scene = await FarScene.make({ delayMs: 60 });
    const calls = (stderr: string): number => stderr.match(/^\[.*\] big: /gm)?.length ?? 0;
    const plan = scene.plan(commitBlock("a"));
    const pushed = await scene.cco(["box", "push", plan, "--no-pane", "-q", "-v", ...HOST]);
    expect(pushed.exitCode, pushed.stderr).toBe(0);
    const id = pushed.stdout.trim();
    await scene.ok(["box", "wait", id]);
    const pulled = await scene.cco(["box", "pull", id, "-v"]);
    expect(pulled.exitCode, pulled.stderr).toBe(0);
    expect(scene.repo.git("log", "--format=%s")).toBe("add a\nfirst");
    // Five where what was seen of the machine is too old by the time its guest is made.
    expect(calls(pushed.stderr)).toBeLessThanOrEqual(5);
    expect(calls(pulled.stderr)).toBeLessThanOrEqual(4);
  });

  it("gc finds what nobody knows any more on each machine that sessions name, and nobody else's", async () => {
    const scene = await FarScene.make();
    const other = new FarScene(scene.sshd);
    const [kept, forgotten] = [await scene.running(), await scene.running()];
    const theirs = await other.running();
    for (const id of [forgotten, theirs]) scene.letGo(id);
    await scene.ok(["box", "wait", forgotten]);
    await other.ok(["box", "wait", theirs]);
    rmSync(join(scene.env["XDG_DATA_HOME"] ?? "", "cco/exchange", forgotten), { recursive: true });

    expect(await scene.ok(["box", "gc"])).toBe(`Removed guest ${forgotten} (orphaned).`);
    expect([kept, forgotten, theirs].map((id) => existsSync(scene.inGuest(id, "")))).toEqual([
      true,
      false,
      true,
    ]);
    scene.letGo(kept);
  });

  it("doctor and status tell of it", async () => {
    // Asked by an ordinary user, it leaves a process of its own behind.
    const scene = await FarScene.make({ without: ["podman"] });
    interface Report {
      readonly host: string | null;
      readonly checks: readonly { name: string; ok: boolean; fix: string | null }[];
    }
    const good = await scene.json<Report>(["doctor", ...HOST]);
    expect(good.host).toBe("big");
    expect(good.checks).toContainEqual({
      name: "ssh to big",
      ok: true,
      detail: "works",
      fix: null,
    });
    expect(good.checks.map(({ name }) => name)).toContain("bubblewrap on big");
    const status = await scene.json<object>(["box", "status", ...HOST]);
    expect(status).toMatchObject({ backend: "local", host: "big", status: "running" });
    rmSync(join(scene.sshd.dir, "authorized_keys"));
    await scene.cut();
    await scene.sshd.listen();
    const bad = await scene.json<Report>(["doctor", ...HOST], 1);
    const { fix } = bad.checks.find(({ name }) => name === "ssh to big") ?? {};
    expect(fix).toContain("ssh-copy-id big");
  });

  it("what the machine lacks comes with the command that mends it there", async () => {
    const scene = await FarScene.make({ without: ["bwrap", "podman"] });
    const report = await scene.json<{ checks: { name: string; ok: boolean; fix: string }[] }>(
      ["doctor", ...HOST],
      1,
    );
    const missing = report.checks.find(({ name }) => name === "bubblewrap on big");
    expect(missing).toMatchObject({ ok: false });
    expect(missing?.fix).toMatch(/^ssh -t big sudo apt-get install bubblewrap$/);
  });
});
