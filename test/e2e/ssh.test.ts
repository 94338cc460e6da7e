import { existsSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { sshdUnavailable, TestSshd } from "../support/sshd.js";
import { TestRepo } from "../support/repo.js";
import { waitFor } from "../support/wait-for.js";
import { commitBlock, Scene, untilLet, type SessionJson } from "./scene.js";

/** A person's machine, and another one that `ssh big` reaches from it. */
class FarScene extends Scene {
  readonly sshd: TestSshd;

  private constructor(sshd: TestSshd) {
    super();
    this.sshd = sshd;
    this.env["PATH"] = sshd.env["PATH"] ?? "";
  }

  static async make(): Promise<FarScene> {
    return new FarScene(await TestSshd.start());
  }

  override inGuest(sessionId: string, path: string): string {
    const guests = join(this.sshd.home, ".local/share/cco/guests");
    return join(guests, sessionId, "workspace", path);
  }
}

const HOST = ["--host", "big"];

describe.skipIf(sshdUnavailable !== null)("a box on another machine", () => {
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
    expect(session.command).toContain("ssh -t");
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
});
