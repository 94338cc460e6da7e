import { describe, expect, test } from "vitest";

import { parseRecords, recordFormat } from "./formats.js";
import { parsePanes, parseWindows, WINDOW_VARIABLES } from "./info.js";

test("a format prints lengths and values", () => {
  expect(recordFormat(["window_id", "@x"])).toBe("#{n:window_id}:#{window_id}#{n:@x}:#{@x}");
});

describe("records", () => {
  test("values may hold anything, lengths are bytes", () => {
    const output = Buffer.from("2:@012:3: a:b ✳é\n2:@10:\n");
    expect(parseRecords(["id", "name"], output)).toEqual([
      { id: "@0", name: "3: a:b ✳é" },
      { id: "@1", name: "" },
    ]);
  });

  test("nothing is no record", () => {
    expect(parseRecords(["id"], Buffer.alloc(0))).toEqual([]);
  });

  test.each(["x", "5:ab\n", "2:ab", "2:abc\n", ":a\n", "-1:\n"])("%j is refused", (output) => {
    expect(() => parseRecords(["id"], Buffer.from(output))).toThrow("cannot be read");
  });
});

test("windows as tmux 3.3a lists them", () => {
  // list-windows -a, captured; the last two fields are @cco-branch and @cco-none.
  const output = Buffer.from(
    "2:@12:$010:cco-foobar1:114:🔔 v1.2: a b1:11:06:feat/x0:\n2:@02:$010:cco-foobar1:01:11:01:00:0:\n",
  );
  const windows = parseWindows(output, ["@cco-branch", "@cco-none"]);
  expect(windows).toEqual([
    {
      windowId: "@1",
      sessionId: "$0",
      sessionName: "cco-foobar",
      index: 1,
      name: "🔔 v1.2: a b",
      active: true,
      sessionAttached: 0,
      options: { "@cco-branch": "feat/x" },
    },
    {
      windowId: "@0",
      sessionId: "$0",
      sessionName: "cco-foobar",
      index: 0,
      name: "1",
      active: false,
      sessionAttached: 0,
      options: {},
    },
  ]);
  expect(WINDOW_VARIABLES).toHaveLength(7);
});

test("panes: a dead one has its exit code", () => {
  const record = (...values: string[]) =>
    `${values.map((value) => `${String(Buffer.byteLength(value))}:${value}`).join("")}\n`;
  const output =
    record("%1", "@0", "$0", "0", "1", "3", "77", "✳ Claude Code", "7f3a9c21") +
    record("%2", "@0", "$0", "1", "0", "", "78", "", "");
  expect(parsePanes(Buffer.from(output), ["@cco-session"])).toMatchObject([
    { paneId: "%1", dead: true, deadStatus: 3, title: "✳ Claude Code" },
    { paneId: "%2", active: true, dead: false, deadStatus: null, pid: 78, options: {} },
  ]);
});
