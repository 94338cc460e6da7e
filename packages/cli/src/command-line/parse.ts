import { resolve } from "node:path";

import type { CommandResult, Context } from "../context.js";
import type { Command, Declaration, Group, Said } from "../declare/command.js";
import { EVERYWHERE } from "../declare/everywhere.js";
import type { Globals } from "../globals.js";
import { checkConflicts, readArguments, readOptions, refuseUnknownOption } from "./read.js";
import { noCommand, noSuchCommand } from "./refuse.js";
import { choose, type Chosen } from "./yargs.js";

/** What a command line asks for. */
export type Asked =
  | { readonly what: "version" }
  /** `wrong`: nothing else was said. */
  | { readonly what: "help"; readonly text: string; readonly wrong: boolean }
  | {
      readonly what: "command";
      readonly globals: Globals;
      readonly work: (context: Context) => Promise<CommandResult>;
    };

/**
 * Read a command line. Nothing is printed and nothing is run.
 *
 * @throws {CliError} `USAGE`
 */
export function parseCommandLine(argv: readonly string[], root: Group): Asked {
  const chosen = choose(argv, root);
  const { node, given } = chosen;
  if (given.help === true) return { what: "help", text: chosen.help(), wrong: false };
  if (given.version === true) return { what: "version" };
  return "commands" in node ? needsCommand(node, chosen) : commandOf(node, chosen, argv);
}

function needsCommand(group: Group, { given, words, help }: Chosen): Asked {
  refuseUnknownOption(given, EVERYWHERE);
  const [word] = words;
  if (word !== undefined) throw noSuchCommand(word, group);
  if (given["json"] === true) throw noCommand(group);
  return { what: "help", text: help(), wrong: true };
}

function commandOf(
  { declaration, load }: Command,
  { given, words, above }: Chosen,
  argv: readonly string[],
): Asked {
  const options = { ...EVERYWHERE, ...declaration.options };
  const namesFiles = Object.values(declaration.args).some(({ kind }) => kind.completes === "files");
  if (declaration.lenient !== true) {
    refuseUnknownOption(given, options, namesFiles ? argv : []);
  }
  const { repo, ...everywhere } = readOptions(given, EVERYWHERE);
  const flags = readOptions(given, declaration.options);
  checkConflicts(flags, declaration);
  const args = readArguments(words, declaration, above);
  return {
    what: "command",
    globals: {
      json: everywhere.json ?? false,
      quiet: everywhere.quiet ?? false,
      verbose: everywhere.verbose ?? false,
      color: everywhere.noColor !== true,
      repo: resolve(repo ?? "."),
      host: everywhere.host,
    },
    work: async (context) => {
      const handler = await load();
      return handler(context, { ...flags, ...args } as Said<Declaration>);
    },
  };
}
