import {
  optionName,
  usageOf,
  type Declaration,
  type Option,
  type Options,
  type ValuesOf,
} from "../declare/command.js";
import {
  badArgument,
  badValue,
  conflict,
  fileLikeOption,
  missingArgument,
  missingValue,
  takesNoValue,
  tooManyArguments,
  unknownOption,
} from "./refuse.js";

/** What yargs read, by option name. */
export type Given = Readonly<Record<string, unknown>>;

/** Keys that yargs always makes. */
const NOT_OPTIONS = ["_", "$0"];

/**
 * @param files words of which one may be a file's name.
 * @throws {CliError} `USAGE`
 */
export function refuseUnknownOption(
  given: Given,
  options: Options,
  files: readonly string[] = [],
): void {
  const names = Object.keys(options).map(optionName);
  const shorts = Object.values(options).flatMap((option) => shortOf(option) ?? []);
  const known = [...NOT_OPTIONS, ...names, ...shorts];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const file = files.find((word) => /^-[^=]*[./]/.test(word) && word.includes(unknown));
  throw file === undefined ? unknownOption(unknown, names) : fileLikeOption(file);
}

/** The options that were given, by their keys. @throws {CliError} `USAGE` */
export function readOptions<O extends Options>(given: Given, options: O): ValuesOf<O> {
  const found = Object.entries(options).flatMap(([key, option]) => {
    const name = optionName(key);
    return name in given ? [[key, readOption(given[name], key, option)]] : [];
  });
  return Object.fromEntries(found) as ValuesOf<O>;
}

/** yargs makes a list of what is given more than once, and `""` of a value that is not there. */
function readOption(given: unknown, key: string, option: Option): unknown {
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (option.takes === "nothing") {
    if (all.at(-1) !== true) throw takesNoValue(key);
    return true;
  }
  const values = all.map((one) => {
    if (typeof one !== "string" || one === "") throw missingValue(key, option);
    const value = option.kind.parse(one);
    if (value === undefined) throw badValue(key, option, one);
    return value;
  });
  if (values.length === 0) throw missingValue(key, option);
  return option.takes === "values" ? values : values.at(-1);
}

/** @throws {CliError} `USAGE` */
export function checkConflicts(flags: Given, { conflicts, options }: Declaration): void {
  for (const [key, others] of Object.entries(conflicts ?? {})) {
    const other = key in flags ? others?.find((name) => name in flags) : undefined;
    if (other !== undefined) throw conflict([key, other], options);
  }
}

/** The arguments by their names. `above`: the words before the command's name. @throws {CliError} `USAGE` */
export function readArguments(
  words: readonly string[],
  declaration: Declaration,
  above: readonly string[],
): Given {
  const written = [...above, usageOf(declaration)].join(" ");
  let left = words;
  const found = Object.entries(declaration.args).map(([key, { needed, many, kind }]) => {
    const taken = many ? left : left.slice(0, 1);
    left = left.slice(taken.length);
    if (needed && taken.length === 0) throw missingArgument(key, written);
    const values = taken.map((word) => {
      const value = kind.parse(word);
      if (value === undefined) throw badArgument(key, kind, word);
      return value;
    });
    return [key, many ? values : values[0]];
  });
  if (left.length > 0 && declaration.lenient !== true) {
    throw tooManyArguments(left, written);
  }
  return Object.fromEntries(found) as Given;
}

function shortOf(option: Option): string | undefined {
  return option.takes === "nothing" ? option.short : undefined;
}
