import { describe, expect, test } from "vitest";

import { claude } from "./agents/claude.js";
import { configured, customAgent } from "./agents/custom.js";
import { runbook } from "./agents/runbook.js";
import {
  credentialsOf,
  loginOf,
  requireLogin,
  secretLines,
  secretsOf,
  withSecrets,
} from "./credentials.js";

const KEY = "sk-ant-real-0123456789";

describe("a key with a relay", () => {
  test("stays outside: the guest has a placeholder and the relay's address", () => {
    const found = credentialsOf(claude, { ANTHROPIC_API_KEY: KEY, HOME: "/root" }, true);
    expect(found.secrets).toEqual({});
    expect(found.env).toEqual({
      ANTHROPIC_BASE_URL: "http://127.0.0.1:3129",
      ANTHROPIC_API_KEY: expect.stringContaining("placeholder") as string,
    });
    expect(found.relay).toEqual({
      port: 3129,
      target: "https://api.anthropic.com",
      headers: { "x-api-key": KEY },
    });
    expect(withSecrets(["claude"], found)).toEqual(["claude"]);
  });

  test("goes to the API that the user names; a token is a header of its own", () => {
    const env = { CLAUDE_CODE_OAUTH_TOKEN: KEY, ANTHROPIC_BASE_URL: "http://127.0.0.1:4010/api" };
    expect(credentialsOf(claude, env, true).relay).toMatchObject({
      target: "http://127.0.0.1:4010/api",
      headers: { authorization: `Bearer ${KEY}` },
    });
  });

  test("other variables that the user names go into the guest", () => {
    const profile = configured(claude, { env: ["ANTHROPIC_API_KEY", "OTHER"] });
    const found = credentialsOf(profile, { ANTHROPIC_API_KEY: KEY, OTHER: "x y" }, true);
    expect(found.secrets).toEqual({ OTHER: "x y" });
    expect(withSecrets(["claude", "-p"], found)).toEqual([
      ...["sh", "-c", 'exec sh "$HOME/.cco/start" "$@"', "cco"],
      ...["claude", "-p"],
    ]);
  });
});

test("without a relay all go into the guest, and nothing into what is written down", () => {
  const found = credentialsOf(claude, { ANTHROPIC_API_KEY: KEY, OTHER: "x" }, false);
  expect(found).toEqual({ env: {}, secrets: { ANTHROPIC_API_KEY: KEY } });
});

test.each([
  ["two lines", { ANTHROPIC_API_KEY: "a\nb" }],
  ["a space around it", { ANTHROPIC_API_KEY: " a" }],
  ["an address that is none", { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: "api" }],
  ["a password in the address", { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: "http://u:pw9@h" }],
])("refuses %s without repeating it", (_what, env) => {
  const refused = (): unknown => credentialsOf(claude, env, true);
  expect(refused).toThrow(expect.objectContaining({ code: "CREDENTIALS_INVALID" }));
  expect(refused).not.toThrow(/pw9/);
});

describe("the way of logging in", () => {
  test.each([
    ["a key", { ANTHROPIC_API_KEY: KEY }, [], "ANTHROPIC_API_KEY"],
    ["a token", { CLAUDE_CODE_OAUTH_TOKEN: KEY }, [], "CLAUDE_CODE_OAUTH_TOKEN"],
    ["a guest file", {}, [".claude/.credentials.json"], ".claude/.credentials.json"],
    ["none", { ANTHROPIC_API_KEY: "" }, ["x"], null],
  ])("is %s", (_what, env, files, by) => {
    expect(loginOf(claude, env, files)).toMatchObject({ agent: "claude", by });
  });

  test("none is an error that names what to set", () => {
    const none = loginOf(claude, {}, []);
    expect(() => {
      requireLogin(none);
    }).toThrow(
      expect.objectContaining({
        code: "AGENT_NOT_LOGGED_IN",
        hint: expect.stringContaining("ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN") as string,
      }),
    );
  });

  test("is not asked of an agent that has none, nor of variables that the user chose", () => {
    expect(loginOf(runbook, {}, [])).toBeUndefined();
    expect(loginOf(customAgent("x", { argv: ["x"] }), {}, [])).toBeUndefined();
    expect(loginOf(configured(claude, { env: ["AWS_PROFILE"] }), {}, [])).toBeUndefined();
  });
});

test("what is secret of an agent: its keys, not the address", () => {
  const env = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: "http://127.0.0.1:1", OTHER: "x" };
  expect(secretsOf(claude, env)).toEqual([{ name: "ANTHROPIC_API_KEY", value: KEY }]);
});

test("secrets are a line each; where there are none, nothing", () => {
  expect(secretLines({ env: {}, secrets: { A_KEY: "x=y z", B: "1" } })).toBe("A_KEY=x=y z\nB=1\n");
  expect(secretLines({ env: { A: "1" }, secrets: {} })).toBe("");
});
