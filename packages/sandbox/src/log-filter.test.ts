import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

import { expect, test } from "vitest";

import { logFilter, newlineCounter } from "./log-filter.js";

const PRINTED =
  "\u001b[1mone\u001b[0m\r\n\u001b]0;a title\u0007two ä \u202e\u009b31m\r\n  5%\r100%\r\n\tlast";

function pieces(size: number): Readable {
  const bytes = Buffer.from(PRINTED);
  const all: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.subarray(at, at + size));
  return Readable.from(all);
}

test.each([1, 2, 3, 5, 1000])("the same text whatever the pieces (%i bytes)", async (size) => {
  const shown = text(pieces(size).pipe(logFilter({ raw: false, skipLines: 0 })));
  expect(await shown).toBe("one\ntwo ä \n100%\n\tlast\n");
});

test.each([
  [0, PRINTED],
  [3, "\tlast"],
  [9, ""],
])("raw, without the first %i lines", async (skipLines, expected) => {
  expect(await text(pieces(4).pipe(logFilter({ raw: true, skipLines })))).toBe(expected);
});

test("a line without its end counts as one", async () => {
  const counter = newlineCounter();
  await pipeline(pieces(3), counter);
  expect(counter.lines).toBe(4);
});
