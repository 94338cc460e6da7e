import type { Command } from "commander";

import { BACKENDS } from "../compose.js";
import type { CommandResult, Context } from "../context.js";

/** What a word on the command line stands for. */
type Kind = "session" | "branch" | "backend" | "agent" | "files" | "none";

const ARGUMENT_KINDS: Readonly<Record<string, Kind>> = {
  plan: "files",
  session: "session",
  branch: "branch",
};

const OPTION_KINDS: Readonly<Record<string, Kind>> = {
  "--backend": "backend",
  "--agent": "agent",
  "--to": "branch",
  "--from": "branch",
  "--repo": "files",
};

/**
 * `cco __complete`: the words that can stand where the last of `words` stands, one on a line;
 * `:files` leaves it to the shell. Never an error: completion must not disturb typing.
 */
export async function complete(
  context: Context,
  program: Command,
  words: readonly string[],
): Promise<CommandResult> {
  const found = await candidates(context, program, words).catch(() => []);
  return { json: found, text: () => found.join("\n") };
}

async function candidates(
  context: Context,
  program: Command,
  words: readonly string[],
): Promise<readonly string[]> {
  const current = words.at(-1) ?? "";
  const { command, rest } = descend(program, words.slice(0, -1));
  const before = rest.at(-1);
  const kind = before === undefined ? undefined : optionKind(command, program, before);
  const all =
    kind !== undefined
      ? await namesOf(context, kind)
      : current.startsWith("-")
        ? flagsOf(command, program)
        : await argumentsOf(context, command, rest);
  if (all[0] === ":files") return all;
  return all.filter((word) => word.startsWith(current));
}

/** The command that the words name, and the words after it. */
function descend(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  const [first, ...rest] = words;
  const next = program.commands.find((command) => command.name() === first);
  if (next !== undefined) return descend(next, rest);
  return { command: program, rest: words };
}

/** What the value of the option `flag` is, where it takes one. */
function optionKind(command: Command, program: Command, flag: string): Kind | undefined {
  const option = [...command.options, ...program.options].find(
    ({ long, short }) => long === flag || short === flag,
  );
  if (option === undefined || !(option.required || option.optional)) return undefined;
  return OPTION_KINDS[option.long ?? ""] ?? "none";
}

function flagsOf(command: Command, program: Command): readonly string[] {
  const flags = [...command.options, ...program.options].map(({ long }) => long);
  return [...flags, "--help"].filter((flag) => typeof flag === "string");
}

async function argumentsOf(
  context: Context,
  command: Command,
  rest: readonly string[],
): Promise<readonly string[]> {
  const names = command.commands
    .map((inner) => inner.name())
    .filter((name) => !name.startsWith("__"));
  if (names.length > 0) return names;
  const given = rest.filter((word) => !word.startsWith("-")).length;
  const expected = command.registeredArguments;
  const argument = expected[given] ?? (expected.at(-1)?.variadic ? expected.at(-1) : undefined);
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return argument.argChoices;
  if (argument.name() === "key") return (await import("../config/parse.js")).configKeys();
  return namesOf(context, ARGUMENT_KINDS[argument.name()] ?? "none");
}

async function namesOf(context: Context, kind: Kind): Promise<readonly string[]> {
  switch (kind) {
    case "none":
      return [];
    case "files":
      return [":files"];
    case "backend":
      return BACKENDS;
    case "agent":
      return (await context.parts.agents()).map(({ name }) => name);
    case "branch":
      return branches(context);
    case "session": {
      const sandbox = await context.parts.sandbox();
      return (await sandbox.list()).map(({ sessionId }) => sessionId);
    }
  }
}

async function branches(context: Context): Promise<readonly string[]> {
  const { git } = await context.parts.repo();
  const names = await git.text(["for-each-ref", "--format=%(refname:short)", "refs/heads/"]);
  return names === "" ? [] : names.split("\n");
}
