import type { CommandResult, Context } from "../context.js";
import type { ValueKind } from "./kinds.js";

/** `--name`, given or not. */
export interface Flag {
  readonly takes: "nothing";
  readonly description: string;
  /** One letter: `-n`. */
  readonly short?: string;
}

/** `--name VALUE`; the last one counts. */
export interface Value<T> {
  readonly takes: "value";
  readonly description: string;
  readonly kind: ValueKind<T>;
}

/** `--name VALUE`, as often as wanted. */
export interface List<T> {
  readonly takes: "values";
  readonly description: string;
  readonly kind: ValueKind<T>;
}

export type Option = Flag | Value<unknown> | List<unknown>;

/** Options by their names in camel case: `withChanges` is `--with-changes`. */
export type Options = Readonly<Record<string, Option>>;

/** A word of the command line that is no option. `many`: all that are left, so it comes last. */
export interface Argument<Needed extends boolean, Many extends boolean, T> {
  readonly needed: Needed;
  readonly many: Many;
  readonly kind: ValueKind<T>;
}

/** Arguments by name, in their order. */
export type Arguments = Readonly<Record<string, Argument<boolean, boolean, unknown>>>;

/** One command: what can be said. What is then done lies in `commands/`. */
export interface Declaration<A extends Arguments = Arguments, O extends Options = Options> {
  readonly name: string;
  readonly description: string;
  readonly args: A;
  readonly options: O;
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Options that cannot be said together; each pair stands once. */
  readonly conflicts?: Readonly<
    Partial<Record<Extract<keyof O, string>, readonly Extract<keyof O, string>[]>>
  >;
  /** Never wrong usage: unknown options and words too many are left out. */
  readonly lenient?: true;
}

/** The values of options: of those that were given. */
export type ValuesOf<O extends Options> = {
  readonly [K in keyof O]?: O[K] extends Flag
    ? true
    : O[K] extends Value<infer T>
      ? T
      : O[K] extends List<infer T>
        ? readonly T[]
        : never;
};

/** The values of arguments. */
type WordsOf<A extends Arguments> = {
  readonly [K in keyof A]: A[K] extends Argument<infer Needed, infer Many, infer T>
    ? Many extends true
      ? readonly T[]
      : Needed extends true
        ? T
        : T | undefined
    : never;
};

/** What somebody said with a command: its arguments and those of its options that were given. */
export type Said<D extends Declaration> = WordsOf<D["args"]> & ValuesOf<D["options"]>;

/** The work of a command. It hands back data; printing is elsewhere. */
export type Handler<D extends Declaration> = (
  context: Context,
  said: Said<D>,
) => Promise<CommandResult>;

/** A declaration and the way to its work, which is loaded when it is asked for. */
export interface Command {
  readonly declaration: Declaration;
  readonly load: () => Promise<Handler<Declaration>>;
}

/** Commands under one word: `cco box …`. */
export interface Group {
  readonly name: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly commands: readonly (Command | Group)[];
}

/** A declaration with its literal types. */
export function declare<const A extends Arguments, const O extends Options>(
  declaration: Declaration<A, O>,
): Declaration<A, O> {
  return declaration;
}

/** Join a declaration and its work; types that do not fit do not compile. */
export function command<D extends Declaration>(
  declaration: D,
  load: () => Promise<Handler<D>>,
): Command {
  // The parser makes exactly what the declaration says.
  return { declaration, load: load };
}

export function flag(description: string, short?: string): Flag {
  return { takes: "nothing", description, ...(short === undefined ? {} : { short }) };
}

export function value<T>(kind: ValueKind<T>, description: string): Value<T> {
  return { takes: "value", kind, description };
}

export function list<T>(kind: ValueKind<T>, description: string): List<T> {
  return { takes: "values", kind, description };
}

export function needed<T>(kind: ValueKind<T>): Argument<true, false, T> {
  return { needed: true, many: false, kind };
}

export function optional<T>(kind: ValueKind<T>): Argument<false, false, T> {
  return { needed: false, many: false, kind };
}

/** At least one. */
export function several<T>(kind: ValueKind<T>): Argument<true, true, T> {
  return { needed: true, many: true, kind };
}

/** None, one or more. */
export function anyNumber<T>(kind: ValueKind<T>): Argument<false, true, T> {
  return { needed: false, many: true, kind };
}

/** The word that a command or a group is called by. */
export function nameOf(node: Command | Group): string {
  return "commands" in node ? node.name : node.declaration.name;
}

/** `withChanges` as it is typed: `with-changes`. */
export function optionName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `--timeout <duration>` */
export function optionText(key: string, option: Option): string {
  const name = `--${optionName(key)}`;
  return option.takes === "nothing" ? name : `${name} <${option.kind.name}>`;
}

/** `push <plan..>` */
export function usageOf({ name, args }: Declaration): string {
  const words = Object.entries(args).map(([key, arg]) => {
    const text = arg.many ? `${key}..` : key;
    return arg.needed ? `<${text}>` : `[${text}]`;
  });
  return [name, ...words].join(" ");
}
