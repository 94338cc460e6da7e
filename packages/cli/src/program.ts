import { resolve } from "node:path";

import { Command } from "commander";

import type { CommandResult, Context } from "./context.js";
import { declareBox } from "./declare/box.js";
import { example } from "./declare/flags.js";
import { declareTop } from "./declare/top.js";
import type { Globals } from "./globals.js";

/** Runs one command's work with the flags that every command takes. */
export type RunWith = (
  globals: Globals,
  work: (context: Context) => Promise<CommandResult>,
) => Promise<void>;

/** The command line: what can be said. What is then done lies in `commands/`. */
export function createProgram(version: string, runWith: RunWith): Command {
  const program = new Command("cco")
    .description("Push a plan into a sandbox, watch the agent work, pull its checked commits back.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .option("--json", "print one JSON value on stdout")
    .option("-q, --quiet", "print ids only, no notes")
    .option("-v, --verbose", "show each external command with its time, on stderr")
    .option("--no-color", "no colours")
    .option("--host <user@machine>", "the box there, by ssh")
    .option("--repo <dir>", "the repository (default: the current folder's)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText("after", example("cco add feat/x", "cco box push docs/plan.md"));

  const run = (work: (context: Context) => Promise<CommandResult>): Promise<void> =>
    runWith(globalsOf(program), work);
  declareTop(program, run);
  declareBox(program, run);
  return program;
}

function globalsOf(program: Command): Globals {
  const flags: {
    json?: true;
    quiet?: true;
    verbose?: true;
    color: boolean;
    repo?: string;
    host?: string;
  } = program.opts();
  return {
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
    verbose: flags.verbose ?? false,
    color: flags.color,
    repo: resolve(flags.repo ?? "."),
    host: flags.host,
  };
}
