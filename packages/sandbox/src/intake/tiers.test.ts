import { describe, expect, it } from "vitest";

import { isRule, RULES, tierOf } from "./tiers.js";

describe("tierOf", () => {
  it("is the default where nothing is said", () => {
    expect([tierOf("malformed"), tierOf("hook-path"), tierOf("ci-config")]).toEqual([
      "never",
      "block",
      "warn",
    ]);
  });

  it("follows the user's config, and --allow before it", () => {
    expect(tierOf("ci-config", [], { "ci-config": "block" })).toBe("block");
    expect(tierOf("hook-path", [], { "hook-path": "warn" })).toBe("warn");
    expect(tierOf("ci-config", ["ci-config"], { "ci-config": "block" })).toBe("warn");
  });

  it("never loosens never, nor makes anything never", () => {
    for (const rule of RULES.filter((one) => tierOf(one) === "never")) {
      expect(tierOf(rule, [rule], { [rule]: "warn" })).toBe("never");
    }
    expect(tierOf("ci-config", [], { "ci-config": "never" })).toBe("block");
  });

  it("knows its rules", () => {
    expect(isRule("hook-path")).toBe(true);
    expect(isRule("toString")).toBe(false);
  });
});
