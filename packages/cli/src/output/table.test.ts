import { expect, it } from "vitest";

import { table } from "./table.js";

it("has columns two spaces apart, wide characters counted as two, and only safe text", () => {
  const text = table(
    ["A", "LONG"],
    [
      ["first", "\u001b[31mx"],
      ["漢字", "y"],
    ],
    (_, cell) => cell,
  );
  expect(text).toBe("A      LONG\nfirst  x\n漢字   y");
});
