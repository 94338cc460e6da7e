import { PassThrough } from "node:stream";

import { expect, it } from "vitest";

import { Talk } from "./talk.js";

function talk(options: { tty?: boolean; quiet?: boolean } = {}) {
  const stderr = Object.assign(new PassThrough(), { isTTY: options.tty ?? false });
  const streams = { stdout: new PassThrough(), stderr, stdin: new PassThrough() };
  const said = new Talk(streams, { quiet: options.quiet ?? false, color: false });
  return { said, text: () => String(stderr.read() ?? "") };
}

it("an error names the thing, then what exactly, then the next step", () => {
  const { said, text } = talk();
  said.error({ message: "no such\nthing", hint: "cco box ls", details: ["warn: x"] });
  expect(text()).toBe("cco: no such thing\n  warn: x\n  → cco box ls\n");
});

it("progress is for terminals only, and gives way to what stays", () => {
  const quiet = talk();
  quiet.said.progress("sending");
  expect(quiet.text()).toBe("");
  const { said, text } = talk({ tty: true });
  said.progress("sending");
  said.note("sent");
  said.done();
  expect(text()).toBe("sending\r\u001b[Kcco: sent\n");
});

it("-q silences notes, never errors", () => {
  const { said, text } = talk({ quiet: true });
  said.note("a note");
  said.error({ message: "failed", hint: undefined, details: [] });
  expect(text()).toBe("cco: failed\n");
});
