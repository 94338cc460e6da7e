import { expect, it } from "vitest";

import { homeName } from "./provisions.js";

it("keeps the files of different people apart, in names that a cluster takes", () => {
  expect(homeName("ann-1")).toBe("cco-home-ann-1");
  const names = ["ann.b", "ann-b", "ann_b", "Ann-b", "ann-b-"].map(homeName);
  expect(new Set(names).size).toBe(5);
  for (const name of names) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
});
