import { expect, it } from "vitest";

import { table } from "./table.js";

it("has columns two spaces apart, no lines, and only safe text", () => {
  const text = table(
    ["A", "LONG"],
    [
      ["first", "\u001b[31mx"],
      ["2", "y"],
    ],
    (_, cell) => cell,
  );
  expect(text).toBe("A      LONG\nfirst  x\n2      y");
});
