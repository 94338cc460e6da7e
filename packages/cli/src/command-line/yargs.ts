import yargs, { type Argv } from "yargs";

import {
  nameOf,
  optionName,
  usageOf,
  type Command,
  type Group,
  type Option,
  type Options,
} from "../declare/command.js";
import { EVERYWHERE } from "../declare/everywhere.js";
import type { Given } from "./read.js";

/** What the types, which are those of version 17, do not have yet. */
interface Newer {
  usageConfiguration(configuration: { readonly "hide-types": boolean }): Argv;
}

/** The command or group that a command line names, and what else it says. */
export interface Chosen {
  readonly node: Command | Group;
  /** Options as yargs read them. */
  readonly given: Given;
  /** The words before its name. */
  readonly above: readonly string[];
  /** The words behind the command's name. */
  readonly words: readonly string[];
  /** Its help. */
  readonly help: () => string;
}

/**
 * Have yargs read a command line.
 *
 * It reads texts only: `0123` and `1e5` are session ids, no numbers. It checks nothing and prints
 * nothing: `read.ts` does the one, `main` the other.
 */
export function choose(argv: readonly string[], root: Group): Chosen {
  const chosen = chooseAmong(argv, root, new Set(argv));
  // The help of a group is of all its commands.
  return "commands" in chosen.node ? chooseAmong(argv, root, new Set()) : chosen;
}

function chooseAmong(argv: readonly string[], root: Group, said: ReadonlySet<string>): Chosen {
  const parser = yargs([])
    .scriptName(root.name)
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail(false)
    .detectLocale(false)
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
    });
  (parser as Argv & Newer).usageConfiguration({ "hide-types": true });
  teachOptions(parser, EVERYWHERE);
  taught(parser, root, [], said);
  try {
    const given = parser.parseSync([...argv]);
    return { node: root, given, above: [], words: given._.map(String), help: () => helpOf(parser) };
  } catch (error) {
    if (error instanceof Found) return error.chosen;
    throw error;
  }
}

/** Leaves yargs, which would go on and lay out the help of a command that is not asked for it. */
class Found extends Error {
  readonly chosen: Chosen;

  constructor(chosen: Chosen) {
    super();
    this.chosen = chosen;
  }
}

/**
 * Teach `parser` a command or group, which stands under the words of `above`; of a group's commands
 * those that are among `said`, and where none is, all of them: to learn them takes time.
 */
function taught(
  parser: Argv,
  node: Command | Group,
  above: readonly string[],
  said: ReadonlySet<string>,
): Argv {
  const { description, examples } = "commands" in node ? node : node.declaration;
  const usage = "commands" in node ? `${node.name} <command>` : usageOf(node.declaration);
  parser.usage(`${[...above, usage].join(" ")}\n\n${capital(description)}.`);
  for (const example of examples) parser.example(example, "");
  const options = "declaration" in node ? node.declaration.options : {};
  teachOptions(parser, options);
  // Groups are shown in the order in which they are named.
  parser.group(Object.keys(options).map(optionName), "Options:");
  parser.group(Object.keys(EVERYWHERE).map(optionName), "Everywhere:");
  if ("declaration" in node) return parser;
  const path = [...above, node.name];
  const named = node.commands.filter((inner) => said.has(nameOf(inner)));
  for (const inner of named.length > 0 ? named : node.commands) {
    parser.command({
      command: nameOf(inner),
      describe: shownDescription(inner),
      builder: (below) => taught(below, inner, path, said),
      handler: (given) => {
        const words = given._.slice(path.length).map(String);
        throw new Found({ node: inner, given, above: path, words, help: () => helpOf(parser) });
      },
    });
  }
  return parser;
}

function teachOptions(parser: Argv, options: Options): void {
  for (const [key, option] of Object.entries(options)) {
    parser.option(optionName(key), shapeOf(option));
  }
}

function shapeOf(option: Option) {
  const { description } = option;
  if (option.takes === "nothing") {
    return {
      describe: description,
      type: "boolean" as const,
      ...(option.short === undefined ? {} : { alias: option.short }),
    };
  }
  const describe = `<${option.kind.name}> ${description}`;
  return { describe, string: true, array: option.takes === "values" };
}

function shownDescription(node: Command | Group): string | false {
  if (nameOf(node).startsWith("__")) return false;
  return "commands" in node ? node.description : node.declaration.description;
}

function helpOf(parser: Argv): string {
  let help = "";
  parser.showHelp((text) => {
    help = text;
  });
  return help;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
