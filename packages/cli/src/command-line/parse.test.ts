import { describe, expect, it } from "vitest";

import { CCO } from "../commands.js";
import {
  anyNumber,
  command,
  declare,
  flag,
  list,
  nameOf,
  needed,
  optional,
  value,
  type Command,
  type Group,
} from "../declare/command.js";
import { DURATION, oneOf, text } from "../declare/kinds.js";
import { reportOf } from "../error-report.js";
import type { Globals } from "../globals.js";
import { parseCommandLine } from "./parse.js";

function parse(...argv: string[]): Globals {
  const asked = parseCommandLine(argv, CCO);
  if (asked.what !== "command") throw new Error(`it asks for ${asked.what}`);
  return asked.globals;
}

function refusal(root: Group, ...argv: string[]) {
  try {
    parseCommandLine(argv, root);
  } catch (error) {
    return reportOf(error, undefined);
  }
  throw new Error("it was taken");
}

function help(...argv: string[]): string {
  const asked = parseCommandLine(argv, CCO);
  if (asked.what !== "help") throw new Error(`it asks for ${asked.what}`);
  return asked.text;
}

describe("the flags that every command takes", () => {
  it("stand before and after the command", () => {
    expect(parse("--json", "box", "ls")).toMatchObject({ json: true, quiet: false });
    expect(parse("box", "ls", "--json", "-q", "-v", "--no-color")).toMatchObject({
      json: true,
      quiet: true,
      verbose: true,
      color: false,
    });
  });

  it("--repo is made absolute", () => {
    expect(parse("box", "ls", "--repo", "/some/where").repo).toBe("/some/where");
    expect(parse("box", "ls").repo).toBe(process.cwd());
  });
});

describe("wrong usage is exit code 2 and names the nearest", () => {
  it.each([
    [["boks"], "unknown command 'boks'", "did you mean box?"],
    [["box", "pus"], "unknown command 'pus'", "did you mean push?"],
    [["box", "push", "-x.md"], "unknown option '-x.md'", "a file of that name: ./-x.md"],
    [["box", "push", "p.md", "--agnet", "x"], "unknown option '--agnet'", "did you mean --agent?"],
    [["box", "push", "p.md", "--modle=a.b"], "unknown option '--modle'", "did you mean --model?"],
    [
      ["box", "push"],
      "missing required argument 'plan'",
      "usage: cco box push <plan..>; see --help",
    ],
    [
      ["box", "pull", "7f3a9c21", "--merge", "--squash"],
      "option '--merge' cannot be used with option '--squash'",
      "see --help",
    ],
    [
      ["box", "pull", "7f3a9c21", "--timeout", "soon"],
      "option '--timeout <duration>' argument 'soon' is invalid. Give 90s, 30m, 2h or 0.",
      "see --help",
    ],
    [
      ["box", "push", "p.md", "--depth", "1"],
      "option '--depth <n|full>' argument '1' is invalid. Give a whole number of at least 2, or full.",
      "see --help",
    ],
  ])("%j", (argv, message, hint) => {
    expect(refusal(CCO, ...argv)).toMatchObject({ code: "USAGE", exitCode: 2, message, hint });
  });
});

describe("what a command is given", () => {
  let said: unknown;
  const probe = command(
    declare({
      name: "probe",
      description: "for this test",
      args: { one: needed(text("one")), two: optional(text("two")), more: anyNumber(text("more")) },
      options: {
        longName: flag("a flag", "l"),
        wait: value(DURATION, "a value"),
        each: list(text("each"), "a list"),
        shape: value(oneOf("shape", ["round", "square"]), "one of a few"),
      },
      conflicts: { longName: ["each"] },
      examples: ["cco probe x"],
    }),
    () =>
      Promise.resolve((_context, given) => {
        said = given;
        return Promise.resolve({ json: null, text: () => "" });
      }),
  );
  const root: Group = { name: "cco", description: "x", examples: [], commands: [probe] };

  async function given(...argv: string[]): Promise<unknown> {
    const asked = parseCommandLine(["probe", ...argv], root);
    if (asked.what !== "command") throw new Error(`it asks for ${asked.what}`);
    await asked.work(undefined as never);
    return said;
  }

  it.each<[string[], object]>([
    [["a"], { one: "a", two: undefined, more: [] }],
    [["0123", "1e5", "0x1", "-5"], { one: "0123", two: "1e5", more: ["0x1", "-5"] }],
    [["a", "help"], { one: "a", two: "help", more: [] }],
    [["a", "probe"], { one: "a", two: "probe", more: [] }],
    [["a", "--", "--long-name", "--help"], { one: "a", two: "--long-name", more: ["--help"] }],
    [["-l", "a"], { one: "a", two: undefined, more: [], longName: true }],
    [["--wait", "1m", "a", "--wait=2m"], { one: "a", two: undefined, more: [], wait: 120_000 }],
    [["--each", "x", "a", "--each=-y"], { one: "a", two: undefined, more: [], each: ["x", "-y"] }],
    [["a", "--shape", "round"], { one: "a", two: undefined, more: [], shape: "round" }],
  ])("%j", async (argv, expected) => {
    expect(await given(...argv)).toEqual(expected);
  });

  it.each([
    [["a", "--wait"], "option '--wait <duration>' needs a value"],
    [["a", "--wait", "--long-name"], "option '--wait <duration>' needs a value"],
    [["a", "--wait="], "option '--wait <duration>' needs a value"],
    [["a", "--each"], "option '--each <each>' needs a value"],
    [["a", "--long-name=yes"], "option '--long-name' takes no value"],
    [["a", "-lx"], "unknown option '-x'"],
    [["a", "--longName"], "unknown option '--longName'"],
    [["a", "--no-wait"], "unknown option '--no-wait'"],
    [["a", "--wait.x=1"], "unknown option '--wait.x'"],
    [["a", "-l", "--each", "x"], "option '--long-name' cannot be used with option '--each <each>'"],
    [
      ["a", "--shape", "oval"],
      "option '--shape <shape>' argument 'oval' is invalid. Give round, square.",
    ],
  ])("%j is wrong", (argv, message) => {
    expect(refusal(root, "probe", ...argv)).toMatchObject({ code: "USAGE", exitCode: 2, message });
  });
});

it("too many words, and words that are none of a few", () => {
  expect(refusal(CCO, "box", "ls", "now").message).toBe("too many arguments: 'now'");
  expect(refusal(CCO, "completion", "tcsh").message).toBe(
    "argument 'shell' cannot be 'tcsh'. Give bash, zsh, fish.",
  );
});

it("what agents' hooks call takes anything", () => {
  expect(parse("notify", "--of-tomorrow", "now").json).toBe(false);
});

it("no command with --json is an error object that names the commands", () => {
  expect(refusal(CCO, "config", "--json")).toMatchObject({
    message: "no command was given",
    hint: "there are: path, show, init, edit, get, set",
    exitCode: 2,
  });
});

it("no command is wrong usage with help; --help and --version are none", () => {
  expect(parseCommandLine([], CCO)).toMatchObject({ what: "help", wrong: true });
  expect(parseCommandLine(["box"], CCO)).toMatchObject({ what: "help", wrong: true });
  expect(parseCommandLine(["box", "push", "-h"], CCO)).toMatchObject({
    what: "help",
    wrong: false,
  });
  expect(parseCommandLine(["box", "-V"], CCO)).toEqual({ what: "version" });
});

function paths(node: Command | Group, path: readonly string[] = []): [string[], string][] {
  if (!("commands" in node)) return [[[...path], node.declaration.description]];
  const inner = node.commands.flatMap((one) => paths(one, [...path, nameOf(one)]));
  return [[[...path], node.description], ...inner];
}

it.each(paths(CCO))("cco %j --help has a description and an example", (path, description) => {
  const text = help(...path, "--help");
  expect(text).toMatch(new RegExp(`^${["cco", ...path].join(" ")}[^a-z]`));
  expect(text.toLowerCase().replaceAll(/\s+/g, " ")).toContain(description.toLowerCase());
  expect(text).toMatch(/\nExamples:\n {2}\S/);
  expect(text).toContain("--json");
});
