import { describe, expect, test } from "vitest";

import { claude } from "./agents/claude.js";
import { homeFiles, merged } from "./home-files.js";

const CONTEXT = {
  sessionId: "0badcafe",
  plan: { path: "plan.md", text: "" },
  paths: { workspace: "/workspace/0badcafe", exchange: "/exchange/0badcafe", home: "/home/agent" },
  model: null,
  maxTurns: null,
  tty: true,
  env: { ANTHROPIC_API_KEY: "sk-0123456789abcdefghij" },
};

const textOf = async (path: string, own: readonly { path: string; content: string }[] = []) => {
  const files = await homeFiles(claude, CONTEXT, [], own);
  const found = files.filter((file) => file.path === path);
  expect(found).toHaveLength(1);
  return String(found[0]?.content);
};

describe("claude's home", () => {
  test("answers what it asks at first", async () => {
    expect(JSON.parse(await textOf(".claude.json"))).toEqual({
      hasCompletedOnboarding: true,
      projects: {
        "/workspace/0badcafe": {
          hasTrustDialogAccepted: true,
          hasCompletedProjectOnboarding: true,
          hasClaudeMdExternalIncludesApproved: true,
          hasClaudeMdExternalIncludesWarningShown: true,
        },
      },
      customApiKeyResponses: { approved: ["3456789abcdefghij".padStart(20, "012")], rejected: [] },
    });
  });

  test("the user's own settings lie on top and keep the hooks", async () => {
    const own = {
      path: ".claude/settings.json",
      content: JSON.stringify({
        includeCoAuthoredBy: true,
        hooks: { Stop: [{ hooks: [] }], X: [] },
      }),
    };
    const settings = JSON.parse(await textOf(own.path, [own])) as {
      includeCoAuthoredBy: boolean;
      hooks: Record<string, unknown[]>;
    };
    expect(settings.includeCoAuthoredBy).toBe(true);
    expect(settings.hooks["Stop"]).toHaveLength(2);
    expect(settings.hooks["X"]).toEqual([]);
    expect(settings.hooks["StopFailure"]).toHaveLength(1);
  });

  test("other files of the user's replace, and JSON that is none too", async () => {
    const skill = ".claude/skills/executing-plans-in-sandbox/SKILL.md";
    expect(await textOf(skill, [{ path: skill, content: "mine" }])).toBe("mine");
    expect(await textOf(".claude.json", [{ path: ".claude.json", content: "[]" }])).toBe("[]");
    expect(await textOf(".other", [{ path: ".other", content: "x" }])).toBe("x");
  });
});

test("merging: objects by key, lists joined, else what is on top", () => {
  expect(merged({ a: 1, b: { c: [1] }, d: 1 }, { a: 2, b: { c: [2], e: null }, d: {} })).toEqual({
    a: 2,
    b: { c: [1, 2], e: null },
    d: {},
  });
});
