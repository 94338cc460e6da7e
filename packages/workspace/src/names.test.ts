import { describe, expect, test } from "vitest";

import {
  firstFree,
  hasBell,
  plainName,
  sessionNameOf,
  windowNameOf,
  withoutBell,
} from "./names.js";
import { isWithin, workspacePaths } from "./paths.js";
import { optionValue, pathOf } from "./server.js";

describe("names", () => {
  test.each([
    ["feat/a", "feat-a"],
    ["feat-a", "feat-a"],
    ["v1.2", "v1.2"],
    ["ünï/✳", "ünï-✳"],
  ])("branch %s is folder %s", (branch, name) => {
    expect(plainName(branch)).toBe(name);
  });

  test("long ones are cut between characters and stay different", () => {
    const [a, b] = [plainName(`${"é".repeat(120)}a`), plainName(`${"é".repeat(120)}b`)];
    expect(a).not.toBe(b);
    for (const name of [a, b]) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      expect(name).toMatch(/^é+-[0-9a-f]{8}$/);
    }
  });

  test("what tmux would rewrite is not in a session's or window's name", () => {
    expect(sessionNameOf("a.b:c$d\\e\u0001f g")).toBe("cco-a_b_c_d_e_f g");
    expect(windowNameOf("x/$y")).toBe("x-_y");
  });

  test("the first free one", () => {
    const taken = new Set(["a", "a-2"]);
    expect(firstFree("a", (name) => taken.has(name))).toBe("a-3");
    expect(firstFree("b", (name) => taken.has(name))).toBe("b");
  });

  test("the bell mark", () => {
    expect([hasBell("🔔 a"), hasBell("🔔"), hasBell("a 🔔 b")]).toEqual([true, false, false]);
    expect([withoutBell("🔔 a"), withoutBell("a")]).toEqual(["a", "a"]);
  });
});

describe("paths", () => {
  test("XDG folders, or their defaults where one is missing or relative", () => {
    expect(workspacePaths({ HOME: "/h", XDG_DATA_HOME: "/d", XDG_CONFIG_HOME: "rel" })).toEqual({
      worktrees: "/d/cco/worktrees",
      trusted: "/d/cco/trusted-setup",
      tmuxConf: "/h/.config/cco/tmux.conf",
    });
  });

  test.each([
    ["/a", "/a", true],
    ["/a", "/a/b", true],
    ["/a", "/ab", false],
    ["/", "/a", true],
    ["/a/b", "/a", false],
  ])("%s holds %s: %s", (folder, path, within) => {
    expect(isWithin(folder, path)).toBe(within);
  });

  test.each(["/a b/ü", "/a\nb", "/100%/x", "/tab\t"])("%j survives as an option", (path) => {
    expect(optionValue(path)).not.toMatch(/[\u0000-\u001f]/);
    expect(pathOf(optionValue(path))).toBe(path);
  });
});
