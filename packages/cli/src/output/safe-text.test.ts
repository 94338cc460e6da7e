import { expect, it } from "vitest";

import { safeLine, safeText } from "./safe-text.js";

it.each([
  ["colour", "\u001b[31mred\u001b[0m", "red"],
  ["a title", "a\u001b]0;owned\u0007b", "ab"],
  ["C1", "a\u009b31mb", "ab"],
  ["reordering", "a\u202eb\u2066c", "abc"],
  ["carriage return", "safe\rowned", "safeowned"],
  ["nothing", "ordinary ünïcode 漢字 🔔", "ordinary ünïcode 漢字 🔔"],
])("takes %s away", (_what, text, safe) => {
  expect(safeText(text)).toBe(safe);
});

it("safeLine is one line", () => {
  expect(safeLine("a\n\tb")).toBe("a b");
});
