import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { untilLet } from "../e2e/scene.js";
import { waitFor } from "../support/wait-for.js";
import { kubectl, testBackend, testNamespace, unavailable } from "./cluster.js";
import { ClusterScene } from "./scene.js";

const KEY = "key-that-nobody-else-may-see";
const title = `credentials on a cluster${unavailable === null ? "" : ` (${unavailable})`}`;

describe.skipIf(unavailable !== null)(title, () => {
  const namespace = testNamespace();

  beforeAll(() => testBackend({ namespace }).create());
  afterAll(() => {
    kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("are in a Secret that the agent alone has, and go with the session", async () => {
    const scene = new ClusterScene(namespace);
    const file = join(scene.env["XDG_CONFIG_HOME"] ?? "", "cco/config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as object;
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, JSON.stringify({ ...config, agents: { runbook: { env: ["MY_KEY"] } } }));
    scene.env["MY_KEY"] = KEY;
    const told = 'printf "%s" "${#MY_KEY}" >length\ngit add length\ngit commit -qm length';
    const { sessionId } = await scene.push(scene.plan(told, untilLet));
    await scene.untilMade(sessionId, "here");

    const secrets = (): string =>
      kubectl(["-n", namespace, "get", "secrets", "-o", "name"]).replaceAll("secret/", "");
    const name = `cco-${sessionId}-credentials`;
    const get = ["-n", namespace, "get", "secret", name, "-o", "jsonpath={.data.secrets}"];
    expect(Buffer.from(kubectl(get), "base64").toString()).toBe(`MY_KEY=${KEY}\n`);
    const rest = ["pod", `secret/cco-${sessionId}`].map((what) =>
      kubectl(["-n", namespace, "get", what, "-o", "yaml"]),
    );
    expect(rest.join("")).not.toContain(KEY);
    expect(rest.join("")).not.toContain(Buffer.from(KEY).toString("base64").slice(0, -4));
    const search = "grep -rl key-that-nobody /workspace /exchange /home /cco /etc/cco* || true";
    expect(scene.inPod(sessionId, search)).toBe("");

    scene.letGo(sessionId);
    await scene.ok(["box", "pull", sessionId]);
    expect(scene.repo.git("show", "main:length")).toBe(String(KEY.length));
    await waitFor(() => !secrets().includes(sessionId), {
      what: "the session's Secrets to go",
      timeoutMs: 60_000,
    });
  });
});
