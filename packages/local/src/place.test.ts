import { userInfo } from "node:os";

import { ExecaRunner } from "@cco/exec";
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

it.each([
  ["HOME", { HOME: "/h" }, "/h/.local/share/cco"],
  ["XDG_DATA_HOME", { HOME: "/h", XDG_DATA_HOME: "/d" }, "/d/cco"],
  ["the account, with no HOME", { HOME: undefined }, `${userInfo().homedir}/.local/share/cco`],
  ["the account, with an empty HOME", { HOME: "" }, `${userInfo().homedir}/.local/share/cco`],
  [
    "HOME, with a relative XDG_DATA_HOME",
    { HOME: "/h", XDG_DATA_HOME: "d" },
    "/h/.local/share/cco",
  ],
])("finds its data folder by %s", async (_what, env, data) => {
  const runner = new ExecaRunner({ env: { ...process.env, XDG_DATA_HOME: undefined, ...env } });
  expect((await survey(runner, undefined, [])).place.data).toBe(data);
});
