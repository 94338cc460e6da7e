import { expect, it } from "vitest";

import { lineForAnyShell } from "./any-shell.js";

it("a plain command stays readable", () => {
  const argv = [
    "sh",
    "/data/launch",
    "7f3a9c21",
    "claude",
    "/executing-plans-in-sandbox docs/plan.md",
  ];
  expect(lineForAnyShell(argv)).toBe(
    "exec sh /data/launch 7f3a9c21 claude '/executing-plans-in-sandbox docs/plan.md'",
  );
});

it("what some shell would change travels as octal", () => {
  expect(lineForAnyShell(["echo", "a'b\\c!d\né"])).toBe(
    `exec sh -c 'IFS=; t=$(printf %b "$*"); unset IFS; eval "$t"' sh ` +
      `'exec echo \\0047a\\0047"\\0047"\\0047b\\0134c\\0041d\\0012\\0303\\0251\\0047'`,
  );
});

it("no word is longer than csh takes, and none ends within a number", () => {
  const line = lineForAnyShell(["sh", "-c", "'\n".repeat(3000)]);
  const words = line.slice(line.indexOf(" sh '")).split("' '");
  expect(words.length).toBeGreaterThan(30);
  for (const word of words) {
    expect(word.length).toBeLessThan(1000);
    expect(word).not.toMatch(/\\0?\d{0,2}$/);
  }
});

it("an empty word stays one", () => {
  expect(lineForAnyShell(["printf", ""])).toBe("exec printf ''");
});
