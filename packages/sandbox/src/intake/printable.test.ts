import { describe, expect, it } from "vitest";

import { hasControls, printable } from "./printable.js";

describe("printable", () => {
  it.each([
    ["plain text, ünïcödé, 日本語, 👩‍🚀", "plain text, ünïcödé, 日本語, 👩‍🚀"],
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u001b]0;title\u0007x", "x"],
    ["\u001b]0;title\u001b\\x", "x"],
    ["\u001b]8;;https://evil.test\u0007click\u001b]8;;\u0007", "click"],
    ["\u001b]52;c;b3duZWQ=\u0007x", "x"],
    ["\u001bP1;2|payload\u001b\\x", "x"],
    ["\u001b_Gpayload\u001b\\x", "x"],
    ["\u009b31mred", "red"],
    ["\u009d0;title\u009cx", "x"],
    ["\u001bcx", "x"],
    ["\u001b(0x", "x"],
    ["\u001b[38;2;1;2;3mx", "x"],
    ["a\u0000b\u0007c\u0008d\u007fe", "abcde"],
    ["a\u0085b\u0090c", "abc"],
    ["invoice\u202egnp.exe", "invoicegnp.exe"],
    ["a\u2066b\u2069c\u200ed\u061ce", "abcde"],
    ["a\u200bb\ufeffc\u2060d", "abcd"],
    ["tag\u{e0041}\u{e007f}s", "tags"],
    ["half \ud800 a pair", "half  a pair"],
    ["a\nb\tc\r\nd", "a b c d"],
    ["never ended \u001b]0;evil", "never ended 0;evil"],
    ["overwritten\rsafe", "overwritten safe"],
  ])("%j is shown as %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(hasControls(shown)).toBe(false);
  });

  it("keeps lines where asked to", () => {
    expect(printable("a\n\tb\u001b[1m\r\nc", { multiline: true })).toBe("a\n\tb\nc");
  });

  it("is done after one pass: nothing that is left makes a sequence", () => {
    const text = "\u001b\u001b[31m[31mx\u001b]\u001b]0;a\u00070;b\u0007y";
    expect(printable(printable(text))).toBe(printable(text));
    expect(hasControls(printable(text))).toBe(false);
  });
});

describe("hasControls", () => {
  it("says whether anything would be taken out", () => {
    expect(hasControls("plain")).toBe(false);
    expect(hasControls("two\nlines")).toBe(true);
    expect(hasControls("two\r\nlines", { multiline: true })).toBe(false);
    expect(hasControls("x\u202ey", { multiline: true })).toBe(true);
  });
});
