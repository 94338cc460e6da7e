import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { commitBlock, untilLet, type SessionJson } from "../e2e/scene.js";
import { waitFor } from "../support/wait-for.js";
import {
  kubectl,
  kubeUp,
  testBackend,
  testCluster,
  testNamespace,
  unavailable,
} from "./cluster.js";
import { Cut } from "./cut.js";
import { ClusterScene } from "./scene.js";

const isLab = unavailable === null && testCluster().lab;
const title = `what a cluster does to sessions${unavailable === null ? "" : ` (${unavailable})`}`;

describe.skipIf(unavailable !== null)(title, () => {
  const namespaces: string[] = [];

  /** A namespace with its box. */
  async function box(quota: Record<string, string> = {}): Promise<string> {
    const namespace = testNamespace();
    namespaces.push(namespace);
    await testBackend({ namespace, quota }).create();
    return namespace;
  }

  let shared = "";
  beforeAll(async () => {
    shared = await box();
  });
  afterAll(() => {
    kubectl(["delete", "namespace", ...namespaces, "--wait=false"]);
  });

  const pods = (namespace: string): string =>
    kubectl(["-n", namespace, "get", "pods", "-o", "name"]).trim();

  /** Something to send and bring that no compression makes small. */
  function big(scene: ClusterScene, megabytes: number): void {
    writeFileSync(join(scene.repo.dir, "big"), randomBytes(megabytes * 1024 * 1024));
    scene.repo.git("add", "big");
    scene.repo.git("commit", "-q", "-m", "big");
  }

  describe("at push", () => {
    it("an image that is not there: said, and nothing is left", async () => {
      const namespace = await box();
      const scene = new ClusterScene(namespace, {
        image: "localhost/none:1",
        imagePullPolicy: "Never",
      });
      const ran = await scene.cco(["box", "push", scene.plan("true"), "--no-pane"]);
      expect(ran.stderr).toContain("ErrImageNeverPull");
      expect(ran.stderr).toContain("→ is localhost/none:1 there");
      expect(ran.exitCode).toBe(7);
      expect(await scene.sessions()).toEqual([]);
      await waitFor(() => pods(namespace) === "", { timeoutMs: 60_000 });
    });

    it("a program that is not in the image: said, with the image's name", async () => {
      const scene = new ClusterScene(shared);
      scene.env["ANTHROPIC_API_KEY"] = "none";
      scene.env["CCO_AGENT"] = "claude";
      scene.configure({
        namespace: shared,
        image: testCluster().image,
        network: { policy: "none", allow: [] },
      });
      const ran = await scene.cco(["box", "push", scene.plan("true"), "--no-pane"]);
      expect(ran.stderr).toContain(`program not found in the image ${testCluster().image}: claude`);
      expect(ran.exitCode).toBe(1);
    });

    it("a quota that is used up: said in the cluster's numbers; room again, it goes", async () => {
      const namespace = await box({ pods: "1" });
      const scene = new ClusterScene(namespace);
      const { sessionId } = await scene.push(scene.plan(untilLet));
      const ran = await scene.cco(["box", "push", scene.plan("true"), "--no-pane"]);
      expect(ran.stderr).toContain("no room in the quota: cco, requested: pods=1, used: pods=1");
      expect(ran.exitCode).toBe(7);
      scene.letGo(sessionId);
      await scene.ok(["box", "pull", sessionId]);
      const next = await scene.push(scene.plan(commitBlock("a")));
      await scene.ok(["box", "pull", next.sessionId]);
    });

    it("no place for ever: ls says why in the scheduler's words, push gives up in time", async () => {
      const namespace = await box();
      const scene = new ClusterScene(namespace, {
        requests: { cpu: "500" },
        limits: { cpu: "500" },
        pendingSeconds: 20,
      });
      const pushing = scene.start(["box", "push", scene.plan("true"), "--no-pane"]);
      const waiting = await waitFor(
        async () => (await scene.sessions()).find(({ reason }) => reason !== null),
        { timeoutMs: 60_000 },
      );
      expect(waiting).toMatchObject({ state: "prepared" });
      expect(waiting.reason).toMatch(/nodes? (?:is|are) available.*Insufficient cpu/);
      const ran = await pushing.ended;
      expect(ran.stderr).toMatch(/found no place: .*Insufficient cpu/);
      expect(ran.exitCode).toBe(7);
      expect(await scene.sessions()).toEqual([]);
    });

    it("a person without rights: said, with who gives them; nothing is made", async () => {
      const scene = new ClusterScene(shared);
      kubectl(["-n", shared, "create", "serviceaccount", "nobody"]);
      const token = kubectl(["-n", shared, "create", "token", "nobody"]).trim();
      const file = join(scene.dir, "nobody.conf");
      const config = JSON.parse(
        kubectl(["config", "view", "--raw", "--flatten", "-o", "json"]),
      ) as { users: { user: object }[] };
      for (const user of config.users) user.user = { token };
      writeFileSync(file, JSON.stringify(config));
      scene.env["KUBECONFIG"] = file;
      const ran = await scene.cco(["box", "push", scene.plan("true"), "--no-pane"]);
      expect(ran.stderr).toContain("you may not: create pods");
      expect(ran.stderr).toContain("cco box template --backend kubernetes");
      expect(ran.exitCode).toBe(7);
      scene.env["KUBECONFIG"] = testCluster().kubeconfig;
      expect(await scene.sessions()).toEqual([]);
    });

    it("a connection that is cut: said, nothing is left, and the next push goes", async () => {
      const scene = new ClusterScene(shared);
      big(scene, 12);
      const cut = await Cut.open(scene.dir);
      try {
        cut.after(6_000_000);
        scene.env["KUBECONFIG"] = cut.kubeconfig;
        const ran = await scene.cco(["box", "push", scene.plan(commitBlock("a")), "--no-pane"]);
        expect(ran.exitCode).toBe(1);
        expect(ran.stderr).toMatch(/pod cco-[0-9a-f]{8}: the connection/);
      } finally {
        cut.close();
      }
      scene.env["KUBECONFIG"] = testCluster().kubeconfig;
      const again = await scene.push(scene.plan(commitBlock("a")));
      await scene.ok(["box", "pull", again.sessionId]);
      await scene.ok(["box", "gc"]);
    });
  });

  describe("while the agent runs", () => {
    it("too much memory: the agent fails for it, and its commits come back", async () => {
      const scene = new ClusterScene(shared, { limits: { cpu: "2", memory: "96Mi" } });
      const eat = "head -c 400000000 /dev/zero | tail -n 1 >/dev/null";
      await scene.failsAfterCommit(eat, { reason: "out-of-memory" });
    });

    it("a workspace that is full: the agent is stopped for it, and its commits come back", async () => {
      const scene = new ClusterScene(shared, { workspaceSize: "32Mi" });
      const fill = "head -c 80000000 /dev/zero >full\nsleep 600";
      await scene.failsAfterCommit(fill, { reason: "disk-full" });
    });

    it("the longest life of a pod is over: lost, and says so", async () => {
      const scene = new ClusterScene(shared, { deadlineSeconds: 25 });
      const { sessionId } = await scene.push(scene.plan(untilLet));
      await scene.ok(["box", "wait", sessionId], {}, 8);
      const [lost] = await scene.sessions();
      expect(lost).toMatchObject({ state: "lost", reason: "deadline" });
      const ran = await scene.cco(["box", "pull", sessionId]);
      expect(ran.stderr).toContain("lost: deadline");
      expect(ran.exitCode).toBe(8);
    });

    it("evicted: lost, and says so", async () => {
      const scene = new ClusterScene(shared);
      const { sessionId } = await scene.push(scene.plan(untilLet));
      const name = `cco-${sessionId}`;
      const eviction = {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name, namespace: shared },
      };
      const waiting = scene.start(["box", "wait", sessionId]);
      await waitFor(async () => (await scene.sessions())[0]?.state === "running");
      const path = `/api/v1/namespaces/${shared}/pods/${name}/eviction`;
      kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
      const ran = await waiting.ended;
      expect(ran.exitCode).toBe(8);
      const [lost] = await scene.sessions();
      expect(lost?.state).toBe("lost");
      await scene.ok(["box", "rm", sessionId]);
    });

    it("a connection that is cut during pull: said, and the next pull brings all", async () => {
      const scene = new ClusterScene(shared);
      const make = "head -c 8000000 /dev/urandom >b\ngit add b\ngit commit -qm 'add b'";
      const { sessionId } = await scene.push(scene.plan(make));
      await scene.ok(["box", "wait", sessionId]);
      const cut = await Cut.open(scene.dir);
      try {
        cut.after(3_000_000);
        scene.env["KUBECONFIG"] = cut.kubeconfig;
        const ran = await scene.cco(["box", "pull", sessionId]);
        expect(ran.exitCode).toBe(5);
        expect(ran.stderr).toContain("did not arrive whole");
      } finally {
        cut.close();
      }
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("first");
      scene.env["KUBECONFIG"] = testCluster().kubeconfig;
      await scene.ok(["box", "pull", sessionId]);
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("add b\nfirst");
    });
  });

  describe.skipIf(!isLab)("parts that die (kube-up only)", () => {
    /** The node is ready, and nothing keeps pods off it or drives them away: that ends later. */
    async function resumed(): Promise<void> {
      kubeUp("resume", "kubelet2");
      kubectl(["wait", "--for=condition=Ready", "--timeout=120s", "node/127.0.0.2"]);
      const taints = ["get", "node", "127.0.0.2", "-o", "jsonpath={.spec.taints}"];
      await waitFor(() => kubectl(taints).trim() === "", { what: "a node without taints" });
    }

    it("the API server killed while one waits: the wait goes on, nothing is lost", async () => {
      const scene = new ClusterScene(shared);
      const { sessionId } = await scene.push(scene.plan(untilLet, commitBlock("a")));
      const waiting = scene.start(["-v", "box", "wait", sessionId]);
      const heard: string[] = [];
      waiting.child.stderr?.on("data", (text: string) => heard.push(text));
      // The pod was looked at for the last time; then a list, and the watch that begins where it ends.
      const watches = /\/pods\/cco-[0-9a-f]{8}\n[^\n]*\/pods\n[^\n]*\/pods\n/;
      await waitFor(() => watches.test(heard.join("")), { what: "a watch" });
      kubeUp("kill", "kube-apiserver");
      kubeUp("up", "2");
      scene.letGo(sessionId);
      const { exitCode, stderr } = await waiting.ended;
      expect(exitCode, stderr).toBe(0);
      await scene.ok(["box", "pull", sessionId]);
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    });

    it("a kubelet that stops: nothing hangs for ever, and it goes on where it goes on", async () => {
      const scene = new ClusterScene(shared, {
        nodeSelector: { "kubernetes.io/hostname": "127.0.0.2" },
      });
      const { sessionId } = await scene.push(scene.plan(untilLet, commitBlock("a")));
      await scene.untilMade(sessionId, "here");
      kubeUp("pause", "kubelet2");
      try {
        const ran = await scene.cco(["box", "logs", sessionId]);
        expect(ran.exitCode).not.toBe(0);
        expect(ran.stderr).toContain(`pod cco-${sessionId}`);
        const [still] = await scene.json<SessionJson[]>(["box", "ls"]);
        expect(still?.state).toBe("running");
      } finally {
        await resumed();
      }
      scene.letGo(sessionId);
      await scene.ok(["box", "pull", sessionId]);
      expect(scene.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
    });

    it("a node that is lost: its session is lost, and says so", async () => {
      const gone = (key: string) => ({
        key,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 1,
      });
      const scene = new ClusterScene(shared, {
        nodeSelector: { "kubernetes.io/hostname": "127.0.0.2" },
        tolerations: [gone("node.kubernetes.io/unreachable"), gone("node.kubernetes.io/not-ready")],
      });
      const { sessionId } = await scene.push(scene.plan(untilLet));
      kubeUp("pause", "kubelet2");
      try {
        await scene.ok(["box", "wait", sessionId], {}, 8);
        const [lost] = await scene.sessions();
        expect(lost).toMatchObject({ state: "lost", reason: "node-lost" });
        await scene.ok(["box", "rm", sessionId]);
      } finally {
        await resumed();
      }
    });
  });
});
