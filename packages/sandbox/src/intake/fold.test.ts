import { describe, expect, it } from "vitest";

import { fold } from "./fold.js";

describe("fold", () => {
  it.each([
    ["README.md", "readme.md"],
    ["src/A.TXT", "SRC/a.txt"],
    ["caf\u00e9", "cafe\u0301"],
    ["STRASSE", "stra\u00dfe"],
    ["\u212aelvin", "kelvin"],
    [".g\u200cit", ".git"],
    ["x.", "x"],
    ["dir. /x", "dir/x"],
    ["\u017fecret", "secret"],
  ])("%j and %j are one file somewhere", (one, other) => {
    expect(fold(one)).toBe(fold(other));
  });

  it.each([
    ["a", "b"],
    ["a/b", "ab"],
    [".", ".."],
    ["..", "..."],
    ["x.y", "xy"],
  ])("%j and %j are two", (one, other) => {
    expect(fold(one)).not.toBe(fold(other));
  });
});
