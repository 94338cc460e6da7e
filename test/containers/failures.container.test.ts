import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { commitBlock, untilLet } from "../e2e/scene.js";
import { ENGINE_NAMES, testEngine } from "../support/engines.js";
import { makeTempDir } from "../support/temp-dir.js";
import { waitFor } from "../support/wait-for.js";
import { ContainerScene, TestBox } from "./scene.js";

for (const name of ENGINE_NAMES) {
  const engine = testEngine(name);
  const why = typeof engine === "string" ? ` (${engine})` : "";
  describe.skipIf(why !== "")(`what ${name} does to sessions${why}`, () => {
    let box: TestBox;
    beforeAll(async () => {
      box = TestBox.of(name);
      await box.backend.create();
    });
    afterAll(() => box.backend.destroy());

    it("too much memory: the agent fails for it, and its commits come back", async () => {
      const scene = new ContainerScene(box, { memory: "96m" });
      const eat = "head -c 400000000 /dev/zero | tail -n 1 >/dev/null";
      await scene.failsAfterCommit(eat, { reason: "out-of-memory" });
    });

    it("too many processes: the agent's own trouble, its commits come back", async () => {
      const scene = new ContainerScene(box, { pids: 40 });
      const fork = "for i in $(seq 80); do sleep 60 & done";
      const { sessionId } = await scene.push(scene.plan(commitBlock("a"), fork));
      await scene.ok(["box", "wait", sessionId], {}, 4);
      const [ended] = await scene.sessions();
      expect(ended?.state).toBe("failed");
      await scene.ok(["box", "pull", sessionId], {}, 4);
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    });

    it("the agent's container killed from outside: failed, and its commits come back", async () => {
      const scene = new ContainerScene(box);
      const { sessionId } = await scene.push(scene.plan(commitBlock("a"), untilLet));
      await scene.untilMade(sessionId, "here");
      box.engineRun("kill", `${box.name}-${sessionId}-agent`);
      await scene.failedWithCommit(sessionId, { reason: "signal" });
    });

    it("the keeper killed: the agent goes on, and its commits come back", async () => {
      const scene = new ContainerScene(box);
      const { sessionId } = await scene.push(scene.plan(untilLet, commitBlock("a")));
      await scene.untilMade(sessionId, "here");
      box.engineRun("kill", `${box.name}-${sessionId}-keeper`);
      const [still] = await scene.sessions();
      expect(still?.state).toBe("running");
      await scene.ok(["box", "logs", sessionId]);
      scene.letGo(sessionId);
      await scene.ok(["box", "pull", sessionId]);
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    });

    it("containers that are gone: lost, and says so", async () => {
      const scene = new ContainerScene(box);
      const { sessionId } = await scene.push(scene.plan(untilLet));
      const names = ["agent", "keeper"].map((role) => `${box.name}-${sessionId}-${role}`);
      box.engineRun("rm", "--force", ...names);
      await scene.ok(["box", "wait", sessionId], {}, 8);
      const [lost] = await scene.sessions();
      expect(lost).toMatchObject({ state: "lost", reason: "box-gone" });
      await scene.ok(["box", "rm", sessionId]);
    });

    it("an image that was not made: said, and nothing is left", async () => {
      const scene = new ContainerScene(box, { name: `${box.name}x` });
      const ran = await scene.cco(["box", "push", scene.plan("true"), "--no-pane"]);
      expect(ran.stderr).toContain("→ cco box create --backend container");
      expect(ran.exitCode).toBe(7);
      expect(await scene.sessions()).toEqual([]);
      const label = `label=cco.box=${box.name}x`;
      expect(box.engineRun("ps", "--all", "--quiet", "--filter", label)).toBe("");
      expect(box.engineRun("volume", "ls", "--quiet", "--filter", label)).toBe("");
    });
  });
}

const docker = testEngine("docker");
const noDocker =
  typeof docker === "string" ? docker : process.env["CCO_TEST_ENGINES"] === "own" ? "own" : "";

describe.skipIf(noDocker !== "")(
  `docker's service starts again${noDocker === "" ? "" : ` (${noDocker})`}`,
  () => {
    const script = fileURLToPath(new URL("../lab/containers", import.meta.url));
    let lab = "";
    let box: TestBox;

    /** A docker service of this test alone. */
    function service(what: "up" | "down" | "remove", ...flags: readonly string[]): void {
      const { PATH = "", HOME = "/root" } = process.env;
      const env = { PATH, HOME, CCO_LAB: lab, CCO_LAB_DOCKERD: flags.join(" ") };
      const ran = spawnSync("sh", [script, what], { encoding: "utf8", env });
      if (ran.status !== 0) throw new Error(`containers ${what}: ${ran.stderr}`);
    }

    beforeAll(async () => {
      if (typeof docker === "string" || !("rootfs" in docker.source)) throw new Error(noDocker);
      lab = join(makeTempDir("dl"), "l");
      mkdirSync(lab);
      symlinkSync(docker.source.rootfs, join(lab, "rootfs.tar"));
      service("up", "--live-restore");
      const host = /^DOCKER_HOST=(.*)$/m.exec(readFileSync(join(lab, "env"), "utf8"))?.[1] ?? "";
      box = new TestBox({ name: "docker", env: { DOCKER_HOST: host }, source: docker.source });
      await box.backend.create();
    });
    afterAll(async () => {
      await box.backend.destroy();
      service("remove");
    });

    it("with live-restore the agent goes on", async () => {
      const scene = new ContainerScene(box);
      const { sessionId } = await scene.push(scene.plan(untilLet, commitBlock("a")));
      await scene.untilMade(sessionId, "here");
      service("down");
      const ran = await scene.cco(["box", "wait", sessionId]);
      expect(ran.stderr).toContain("→ sudo systemctl start docker");
      expect(ran.exitCode).toBe(7);
      service("up", "--live-restore");
      await scene.goesOnAndLands(sessionId);
    });

    it("without it the agent has ended: failed, and its commits come back", async () => {
      service("down");
      service("up");
      const scene = new ContainerScene(box);
      const { sessionId } = await scene.push(scene.plan(commitBlock("a"), untilLet));
      await scene.untilMade(sessionId, "here");
      service("down");
      service("up");
      await waitFor(async () => (await scene.sessions())[0]?.state !== "running");
      const [ended] = await scene.sessions();
      expect(ended).toMatchObject({ state: "failed", reason: "signal" });
      await scene.ok(["box", "pull", sessionId], {}, 4);
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    });
  },
);
