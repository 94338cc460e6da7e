import { expect, it } from "vitest";

import { bytesOf } from "./quantity.js";

it.each([
  ["1024", 1024],
  ["512Mi", 536_870_912],
  ["1.5Gi", 1_610_612_736],
  ["2G", 2_000_000_000],
])("%s is %i bytes", (quantity, bytes) => {
  expect(bytesOf(quantity)).toBe(bytes);
});

it.each(["", "ten", "10 Gi", "-1Gi", "5Q"])("%j is no size", (quantity) => {
  expect(() => bytesOf(quantity)).toThrow(TypeError);
});
