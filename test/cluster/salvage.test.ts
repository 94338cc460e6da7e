import { chmodSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { commitBlock, untilLet } from "../e2e/scene.js";
import { makeTempDir } from "../support/temp-dir.js";
import { waitFor } from "../support/wait-for.js";
import { kubectl, testBackend, testCluster, testNamespace, unavailable } from "./cluster.js";
import { ClusterScene } from "./scene.js";

const isLab = unavailable === null && testCluster().lab;
const title = `what outlives a session's pod${unavailable === null ? "" : ` (${unavailable})`}`;

describe.skipIf(unavailable !== null)(title, () => {
  const namespace = testNamespace();

  beforeAll(() => testBackend({ namespace }).create());
  afterAll(() => {
    kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  function evict(sessionId: string): void {
    const name = `cco-${sessionId}`;
    const metadata = { name, namespace };
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata };
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
    kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
  }

  /** The pod is evicted, and seen to be lost. */
  async function lose(scene: ClusterScene, sessionId: string): Promise<void> {
    evict(sessionId);
    await waitFor(async () => (await scene.sessions())[0]?.state === "lost");
  }

  /** What was saved of a lost session comes and lands. @param when as the note says it */
  async function pullLost(scene: ClusterScene, sessionId: string, when: string): Promise<void> {
    const { exitCode, stderr } = await scene.cco(["box", "pull", sessionId]);
    expect(exitCode, stderr).toBe(4);
    expect(stderr).toContain(`this was saved ${when}`);
    expect(subjects(scene)).toBe("add a\nfirst");
  }

  const subjects = (scene: ClusterScene): string => scene.repo.git("log", "--format=%s", "main");

  it("without a volume: whoever waits has the work, and pull brings it", async () => {
    const scene = new ClusterScene(namespace, { salvageSeconds: 2 });
    const half = "echo half >half";
    const { sessionId } = await scene.push(scene.plan(commitBlock("a"), half, untilLet));
    await scene.untilMade(sessionId, "here");
    const waiting = scene.start(["box", "wait", sessionId]);
    const exchange = join(scene.env["XDG_DATA_HOME"] ?? "", "cco/exchange", sessionId);
    await waitFor(() => existsSync(join(exchange, "saved/salvage.bundle")), {
      what: "saved work on this machine",
      timeoutMs: 60_000,
    });
    evict(sessionId);
    expect((await waiting.ended).exitCode).toBe(8);
    await scene.ok(["box", "rm", sessionId], {}, 6);
    await pullLost(scene, sessionId, "while it ran");
    expect(scene.repo.git("show", `refs/cco/salvage/${sessionId}:half`)).toBe("half");
    const [session] = await scene.sessions();
    expect(session).toMatchObject({ state: "lost", pulled: true, result: { salvaged: true } });
    await scene.ok(["box", "rm", sessionId]);
  });

  describe.skipIf(!isLab)("with a resultVolume (a folder of the node: kube-up only)", () => {
    const folder = makeTempDir();
    const claim = "results";
    const volume = `${namespace}-results`;

    beforeAll(() => {
      chmodSync(folder, 0o777);
      const spec = { accessModes: ["ReadWriteMany"], storageClassName: "" };
      const storage = "1Gi";
      const objects = [
        {
          apiVersion: "v1",
          kind: "PersistentVolume",
          metadata: { name: volume },
          spec: { ...spec, capacity: { storage }, hostPath: { path: folder } },
        },
        {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: claim, namespace },
          spec: { ...spec, volumeName: volume, resources: { requests: { storage } } },
        },
      ];
      for (const object of objects) kubectl(["create", "-f", "-"], JSON.stringify(object));
    });
    afterAll(() => {
      kubectl(["delete", "persistentvolume", volume, "--wait=false"]);
    });

    const onVolume = (sessionId: string): readonly string[] =>
      existsSync(join(folder, sessionId)) ? readdirSync(join(folder, sessionId)) : [];
    /** A save that began after now is on the volume. */
    async function savedSince(sessionId: string): Promise<void> {
      await waitFor(() => onVolume(sessionId).includes("saved.1"), { timeoutMs: 60_000 });
      const saved = join(folder, sessionId, "saved.1");
      const { mtimeMs } = statSync(saved);
      await waitFor(() => statSync(saved).mtimeMs > mtimeMs, { timeoutMs: 60_000 });
    }

    const settings = { resultVolume: claim, salvageSeconds: 2 };

    it("nobody waits: the volume has the work, pull brings it and clears the folder", async () => {
      const scene = new ClusterScene(namespace, settings);
      const { sessionId } = await scene.push(scene.plan(commitBlock("a"), untilLet));
      await scene.untilMade(sessionId, "here");
      await savedSince(sessionId);
      await lose(scene, sessionId);
      await pullLost(scene, sessionId, "while it ran");
      expect(existsSync(join(folder, sessionId))).toBe(false);
    });

    it("lost after the agent's end: all of it is there", async () => {
      const scene = new ClusterScene(namespace, { ...settings, salvageSeconds: 600 });
      const { sessionId } = await scene.push(scene.plan(commitBlock("a")));
      await waitFor(() => onVolume(sessionId).includes("final.1"), { timeoutMs: 60_000 });
      await lose(scene, sessionId);
      await pullLost(scene, sessionId, "after its agent's end");
    });

    it("--retries: nobody waited; pull starts it once more from the volume, and brings all", async () => {
      const scene = new ClusterScene(namespace, settings);
      const once = `[ -e a ] || {\n${commitBlock("a")}\necho half >half\n}`;
      const plan = scene.plan(once, untilLet, commitBlock("b"));
      const pushed = await scene.cco([
        ...["box", "push", plan, "--no-pane", "--json"],
        ...["--agent", "runbook", "--retries", "1"],
      ]);
      expect(pushed.exitCode, pushed.stderr).toBe(0);
      const { sessionId } = JSON.parse(pushed.stdout) as { sessionId: string };
      await scene.untilMade(sessionId, "here");
      await savedSince(sessionId);
      await lose(scene, sessionId);
      const pulling = scene.start(["box", "pull", sessionId]);
      await waitFor(async () => (await scene.sessions())[0]?.state === "running", {
        timeoutMs: 60_000,
      });
      await waitFor(() => onVolume(sessionId).includes("saved.2"), { timeoutMs: 60_000 });
      expect(scene.inPod(sessionId, "cat half; git log --format=%s")).toBe("half\nadd a\nfirst\n");
      scene.letGo(sessionId);
      const { exitCode, stderr } = await pulling.ended;
      expect(exitCode, stderr).toBe(0);
      expect(stderr).toContain(
        "started once more, with what was saved (commits: 1) (start 2 of at most 2)",
      );
      expect(subjects(scene)).toBe("add b\nadd a\nfirst");
      expect(scene.repo.git("show", `refs/cco/salvage/${sessionId}:half`)).toBe("half");
    });

    it("a session that is pulled from its pod, or removed, leaves nothing there", async () => {
      const scene = new ClusterScene(namespace, settings);
      const one = await scene.push(scene.plan(commitBlock("a")));
      await scene.ok(["box", "pull", one.sessionId]);
      const two = await scene.push(scene.plan(commitBlock("b")));
      await scene.ok(["box", "wait", two.sessionId]);
      await scene.ok(["box", "rm", "--force", two.sessionId]);
      expect(readdirSync(folder)).toEqual([]);
    });
  });
});
