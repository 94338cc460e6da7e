import { expect, it } from "vitest";

import { settingsOf, textSetting } from "./settings.js";

it("the later layer wins, and each value says where it is from", () => {
  const settings = settingsOf({
    user: { agent: "codex", backend: "local", intake: { maxBundleBytes: 7 } },
    repository: { agent: "runbook" },
    env: { CCO_BACKEND: "lima", CCO_AGENT: "" },
  });
  expect(Object.fromEntries(settings)).toEqual({
    agent: { value: "runbook", source: "repository" },
    backend: { value: "lima", source: "environment" },
    "intake.maxBundleBytes": { value: 7, source: "user" },
  });
});

it("has defaults", () => {
  const settings = settingsOf({ user: {}, repository: {}, env: {} });
  expect(textSetting(settings, "backend")).toBe("local");
  expect(textSetting(settings, "agent")).toBe("claude");
  expect(textSetting(settings, "plans")).toBeUndefined();
});
