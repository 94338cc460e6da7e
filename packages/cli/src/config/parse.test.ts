import { DEFAULT_TIERS } from "@cco/sandbox";
import { describe, expect, it } from "vitest";

import { CliError } from "../errors.js";
import { configKeys, parseConfig } from "./parse.js";

const RULES = Object.entries(DEFAULT_TIERS)
  .filter(([, tier]) => tier !== "never")
  .map(([rule]) => rule);

function refusal(text: string, scope: "user" | "repository" = "user"): CliError {
  try {
    parseConfig(text, "/c/config.json", scope);
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("parseConfig", () => {
  it("takes JSON with comments and trailing commas", () => {
    const text = `{ // mine\n "agent": "runbook", "backends": { "local": { "network": { "policy": "none" } } }, }`;
    expect(parseConfig(text, "f", "user")).toEqual({
      agent: "runbook",
      backends: { local: { network: { policy: "none" } } },
    });
  });

  it("names the line of what is no JSON", () => {
    expect(refusal(`{\n"agent": }`).message).toBe(
      "/c/config.json: line 2 is no JSON: ValueExpected",
    );
  });

  it.each([
    [`{ "agnet": "x" }`, `unknown key "agnet"`, `did you mean "agent"?`],
    [
      `{ "backends": { "local": { "netwrok": {} } } }`,
      `unknown key "backends.local.netwrok"`,
      `did you mean "backends.local.network"?`,
    ],
    [
      `{ "intake": { "tiers": { "malformed": "warn" } } }`,
      `unknown key "intake.tiers.malformed"`,
      "known here: ",
    ],
    [
      `{ "intake": { "tiers": { "ci-confg": "warn" } } }`,
      `unknown key "intake.tiers.ci-confg"`,
      `did you mean "intake.tiers.ci-config"?`,
    ],
    [`{ "zzzzzzzz": 1 }`, `unknown key "zzzzzzzz"`, "known here: "],
  ])("names the nearest key: %s", (text, what, hint) => {
    const error = refusal(text);
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toBe(`/c/config.json: ${what}`);
    expect(error.hint).toContain(hint);
  });

  it("takes no list for an object", () => {
    expect(refusal("[]").message).toBe("/c/config.json: a list, not an object");
  });

  it("a repository's is mended there, the user's by `config edit`", () => {
    expect(refusal(`{ "plans": 7 }`, "repository").hint).toBe("mend /c/config.json");
    expect(refusal(`{ "plans": 7 }`).hint).toBe("cco config edit");
  });

  it("says where a value of the wrong kind stands", () => {
    expect(refusal(`{ "intake": { "maxBundleBytes": "much" } }`).message).toContain(
      "/c/config.json: intake.maxBundleBytes: ",
    );
  });

  it("refuses to loosen a rule of a tier that does not exist", () => {
    expect(refusal(`{ "intake": { "tiers": { "ci-config": "off" } } }`).message).toContain(
      "intake.tiers.ci-config: ",
    );
  });

  it.each(["backend", "backends", "intake", "notify"])("a repository may not set %s", (key) => {
    const value = key === "backend" ? `"local"` : "{}";
    expect(refusal(`{ "${key}": ${value} }`, "repository").message).toBe(
      `/c/config.json: a repository may not set "${key}"`,
    );
  });

  it("a repository may set the agent and the plans", () => {
    const text = `{ "agent": "runbook", "plans": "docs" }`;
    expect(parseConfig(text, "f", "repository")).toEqual({ agent: "runbook", plans: "docs" });
  });
});

it("configKeys lists the leaves", () => {
  expect(configKeys()).toEqual([
    "backend",
    "agent",
    "plans",
    "backends.local.network.policy",
    "backends.local.network.allow",
    "backends.lima.name",
    "backends.lima.template",
    "backends.lima.network.policy",
    "backends.lima.network.allow",
    "backends.container.engine",
    "backends.container.name",
    "backends.container.image",
    "backends.container.rootfs",
    "backends.container.memory",
    "backends.container.cpus",
    "backends.container.pids",
    "backends.container.userns",
    "backends.container.network.policy",
    "backends.container.network.allow",
    "backends.kubernetes.network.policy",
    "backends.kubernetes.network.allow",
    "backends.kubernetes.context",
    "backends.kubernetes.namespace",
    "backends.kubernetes.image",
    "backends.kubernetes.imagePullPolicy",
    "backends.kubernetes.imagePullSecrets",
    "backends.kubernetes.requests",
    "backends.kubernetes.limits",
    "backends.kubernetes.workspaceSize",
    "backends.kubernetes.deadlineSeconds",
    "backends.kubernetes.pendingSeconds",
    "backends.kubernetes.resultVolume",
    "backends.kubernetes.salvageSeconds",
    "backends.kubernetes.user",
    "backends.kubernetes.runtimeClassName",
    "backends.kubernetes.nodeSelector",
    "backends.kubernetes.tolerations",
    "backends.kubernetes.priorityClassName",
    "backends.kubernetes.queue",
    "backends.kubernetes.labels",
    "backends.kubernetes.pod",
    "backends.kubernetes.quota",
    "backends.kubernetes.subjects",
    "backends.kubernetes.owner",
    "agents",
    "workspace.files",
    "workspace.setup",
    "notify.desktop",
    ...RULES.map((rule) => `intake.tiers.${rule}`),
    "intake.maxBundleBytes",
  ]);
});
