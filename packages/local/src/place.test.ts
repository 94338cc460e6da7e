import { FakeRunner } from "@cco/exec/testing";
import { expect, it } from "vitest";

import { parseSurvey, survey } from "./place.js";

const FACTS = [
  "data\t/home/me/.local/share/cco",
  "uid\t1000",
  "tool\tbwrap\t/usr/bin/bwrap",
  "link\t/bin\tusr/bin",
  "folder\t/lib32",
  "readonly\t/proc/sys",
  "masked\t/proc/keys",
  "program\tclaude\t/n/claude/cli.js",
  "bind\t/n/claude",
  "bind\t/n/claude/cli.js",
  "bind\t/n/claude",
  "alias\t/home/me/bin/x\t/n/x",
];

it("reads what the place said", () => {
  expect(parseSurvey(`${FACTS.join("\n")}\n`)).toEqual({
    place: {
      data: "/home/me/.local/share/cco",
      uid: 1000,
      tools: { bwrap: "/usr/bin/bwrap" },
      root: [
        { path: "/lib32", target: null },
        { path: "/bin", target: "usr/bin" },
      ],
      procReadOnly: ["/proc/sys"],
      procMasked: ["/proc/keys"],
    },
    programs: {
      links: { claude: "/n/claude/cli.js" },
      aliases: { "/home/me/bin/x": "/n/x" },
      binds: ["/n/claude"],
    },
  });
});

it("names a program that is not there", () => {
  expect(() => parseSurvey("data\t/d\nmissing\tcodex\n")).toThrow("program not found: codex");
});

it("asks for programs as words of their own", async () => {
  const runner = new FakeRunner().reply({ stdout: `${FACTS.join("\n")}\n` });
  await survey(runner, undefined, ["claude", "a b; rm"]);
  expect(runner.calls[0]?.slice(3)).toEqual(["place", "-", "claude", "a b; rm"]);
});
