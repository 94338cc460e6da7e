import { expect, it } from "vitest";

import { nearest } from "./nearest.js";

it("finds a slip of the finger and a beginning, nothing far off", () => {
  expect(nearest("agnet", ["agent", "backend"])).toBe("agent");
  expect(nearest("back", ["agent", "backend"])).toBe("backend");
  expect(nearest("zzzzzz", ["agent", "backend"])).toBeUndefined();
  expect(nearest("x", [])).toBeUndefined();
});
