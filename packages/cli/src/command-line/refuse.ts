import {
  nameOf,
  optionName,
  optionText,
  type Group,
  type Option,
  type Options,
} from "../declare/command.js";
import type { ValueKind } from "../declare/kinds.js";
import { CliError } from "../errors.js";
import { nearest } from "../nearest.js";

/** Each way a command line can be wrong. What yargs itself would say has no parts to act on. */
export function unknownOption(name: string, known: readonly string[]): CliError {
  const flag = name.length === 1 ? `-${name}` : `--${name}`;
  return usage(`unknown option '${flag}'`, meant(nearest(name, known), "--"));
}

/** @param word begins with a dash and looks like a path. */
export function fileLikeOption(word: string): CliError {
  return usage(`unknown option '${word}'`, `a file of that name: ./${word}`);
}

export function noSuchCommand(word: string, group: Group): CliError {
  const path = group.name === "cco" ? "cco" : `cco ${group.name}`;
  const near = nearest(word, namesIn(group));
  return usage(`unknown command '${word}'`, meant(near) ?? `see ${path} --help`);
}

/** Without `--json` its help is shown instead. */
export function noCommand(group: Group): CliError {
  const names = namesIn(group).join(", ");
  return usage("no command was given", `there are: ${names}`);
}

function namesIn({ commands }: Group): readonly string[] {
  return commands.map(nameOf);
}

/** @param written how the command is written: `cco box push <plan..>` */
export function missingArgument(key: string, written: string): CliError {
  return usage(`missing required argument '${key}'`, usageHint(written));
}

export function tooManyArguments(left: readonly string[], written: string): CliError {
  return usage(`too many arguments: '${left.join(" ")}'`, usageHint(written));
}

export function badArgument(key: string, kind: ValueKind<unknown>, word: string): CliError {
  return usage(`argument '${key}' cannot be '${word}'${expected(kind)}`);
}

export function missingValue(key: string, option: Option): CliError {
  const hint = `one that begins with a dash: --${optionName(key)}=VALUE`;
  return usage(`option '${optionText(key, option)}' needs a value`, hint);
}

export function badValue(key: string, option: Option, given: string): CliError {
  const kind = option.takes === "nothing" ? undefined : option.kind;
  const what = `option '${optionText(key, option)}' argument '${given}' is invalid`;
  return usage(`${what}${kind === undefined ? "" : expected(kind)}`);
}

export function takesNoValue(key: string): CliError {
  return usage(`option '--${optionName(key)}' takes no value`);
}

export function conflict(keys: readonly PropertyKey[], options: Options): CliError {
  const [one, other] = keys.map((key) => {
    const option = options[String(key)];
    return option === undefined ? String(key) : optionText(String(key), option);
  });
  return usage(`option '${one ?? ""}' cannot be used with option '${other ?? ""}'`);
}

function usage(message: string, hint = "see --help"): CliError {
  return new CliError("USAGE", message, { hint });
}

function meant(name: string | undefined, prefix = ""): string | undefined {
  return name === undefined ? undefined : `did you mean ${prefix}${name}?`;
}

function expected({ expects }: ValueKind<unknown>): string {
  return expects === undefined ? "" : `. ${expects}`;
}

function usageHint(written: string): string {
  return `usage: ${written}; see --help`;
}
