import { PassThrough } from "node:stream";

import { expect, it } from "vitest";

import { Talk } from "./talk.js";

const hide = (text: string): string => text.replaceAll("hush-hush", "[A_KEY]");

function talk(options: { tty?: boolean; quiet?: boolean; rows?: number } = {}) {
  const stderr = Object.assign(new PassThrough(), {
    isTTY: options.tty ?? false,
    rows: options.rows ?? 24,
  });
  const streams = { stdout: new PassThrough(), stderr, stdin: new PassThrough(), hide };
  const said = new Talk(streams, { quiet: options.quiet ?? false, color: false });
  return { said, stderr, text: () => String(stderr.read() ?? "") };
}

it("an error names the thing, then what exactly, then the next step", () => {
  const { said, text } = talk();
  said.error({ message: "no such\nthing", hint: "cco box ls", details: ["warn: x"] });
  expect(text()).toBe("cco: no such thing\n  warn: x\n  → cco box ls\n");
});

it("no word of it holds a secret, nor the beginning of one", () => {
  const { said, text } = talk({ tty: true });
  said.note("a hush-hush");
  said.error({ message: "b hush-hush", hint: "c hush-hush", details: ["d hush-hush"] });
  said.trace("e hush-hush");
  said.output(Buffer.from("f hush-hush\n"));
  said.live([`${"x".repeat(75)}hush-hush`]);
  expect(text()).not.toContain("hush");
});

it("what a program printed stays as it is, whatever its bytes are", () => {
  const { said, stderr } = talk();
  const bytes = Buffer.from([0x1b, 0x5b, 0x31, 0x6d, 0xff, 0x0a]);
  said.output(bytes);
  expect(stderr.read()).toEqual(bytes);
});

it("progress is for terminals only, and gives way to what stays", () => {
  const quiet = talk();
  quiet.said.progress("sending");
  expect(quiet.text()).toBe("");
  const { said, text } = talk({ tty: true });
  said.progress("sending");
  said.note("sent");
  said.done();
  expect(text()).toBe("sending\r\u001b[Jcco: sent\n");
});

it("a step of a long call is progress on a terminal, and a line without one", () => {
  const plain = talk();
  plain.said.step("starting");
  expect(plain.text()).toBe("cco: starting\n");
  const { said, text } = talk({ tty: true });
  said.step("starting");
  said.done();
  expect(text()).toBe("starting\r\u001b[J");
});

it("a live table stays below what is said, and progress waits for its end", () => {
  const { said, text } = talk({ tty: true });
  said.live(["one", "two"]);
  said.progress("unseen");
  said.note("sent");
  said.done();
  said.progress("seen");
  expect(text()).toBe("one\ntwo\u001b[1A\r\u001b[Jcco: sent\none\ntwo\u001b[1A\r\u001b[Jseen");
});

it("a live table has no more lines than the terminal, and none without one", () => {
  const { said, text } = talk({ tty: true, rows: 3 });
  said.live(["one", "two", "three", "four"]);
  expect(text()).toBe("one\ntwo");
  const plain = talk();
  plain.said.live(["one"]);
  expect(plain.text()).toBe("");
});

it("-q silences notes, never errors", () => {
  const { said, text } = talk({ quiet: true });
  said.note("a note");
  said.error({ message: "failed", hint: undefined, details: [] });
  expect(text()).toBe("cco: failed\n");
});
