import { expect, it } from "vitest";

import { parseDuration } from "./duration.js";

it.each([
  ["0", 0],
  ["90s", 90_000],
  ["30m", 1_800_000],
  ["2h", 7_200_000],
  ["0m", 0],
])("%s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(["", "5", "-1s", "1.5h", "3d", "1h30m", "s", "99999h", " 1s", "１s"])("not %j", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
