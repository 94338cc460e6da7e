import { CommanderError, type Command } from "commander";
import { describe, expect, it } from "vitest";

import type { Globals } from "./globals.js";
import { reportOf } from "./error-report.js";
import { createProgram } from "./program.js";

async function parse(...argv: string[]): Promise<Globals> {
  let globals: Globals | undefined;
  const program = createProgram("1.2.3", (given) => {
    globals = given;
    return Promise.resolve();
  });
  await program.parseAsync(argv, { from: "user" });
  if (globals === undefined) throw new Error("nothing ran");
  return globals;
}

async function refusal(...argv: string[]) {
  try {
    await parse(...argv);
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError);
    return reportOf(error, undefined);
  }
  throw new Error("it was taken");
}

describe("the flags that every command takes", () => {
  it("stand before and after the command", async () => {
    expect(await parse("--json", "box", "ls")).toMatchObject({ json: true, quiet: false });
    expect(await parse("box", "ls", "--json", "-q", "-v", "--no-color")).toMatchObject({
      json: true,
      quiet: true,
      verbose: true,
      color: false,
    });
  });

  it("--repo is made absolute", async () => {
    expect((await parse("box", "ls", "--repo", "/some/where")).repo).toBe("/some/where");
    expect((await parse("box", "ls")).repo).toBe(process.cwd());
  });
});

describe("wrong usage is exit code 2 and names the nearest", () => {
  it.each([
    [["boks"], "unknown command 'boks'", "did you mean box?"],
    [["box", "pus"], "unknown command 'pus'", "did you mean push?"],
    [["box", "push", "p.md", "--agnet", "x"], "unknown option '--agnet'", "did you mean --agent?"],
    [["box", "push"], "missing required argument 'plan'", "see --help"],
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
      "option '--depth <n|full>' argument '1' is invalid. Give a whole number of at least 2.",
      "see --help",
    ],
  ])("%j", async (argv, message, hint) => {
    expect(await refusal(...argv)).toMatchObject({ code: "USAGE", exitCode: 2, message, hint });
  });
});

it("every command has a description and an example", () => {
  const program = createProgram("0", () => Promise.resolve());
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(program).filter((one) => !one.name().startsWith("__"))) {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(command.description(), command.name()).not.toBe("");
    expect(help, command.name()).toMatch(/\nExamples?:\n {2}\$ /);
  }
});
