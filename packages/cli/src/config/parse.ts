import { parse, printParseErrorCode, type ParseError } from "jsonc-parser";
import * as v from "valibot";

import { CliError } from "../errors.js";
import { nearest } from "../nearest.js";
import { ConfigSchema, REPOSITORY_KEYS, type Config } from "./schema.js";

/**
 * @param text JSON, with comments and trailing commas if somebody likes them.
 * @param file named in errors.
 * @param scope a repository may set only some keys.
 * @throws {CliError} `CONFIG_INVALID`
 */
export function parseConfig(text: string, file: string, scope: "user" | "repository"): Config {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const broken = errors[0];
  if (broken !== undefined) {
    const line = text.slice(0, broken.offset).split("\n").length;
    const what = `line ${String(line)} is no JSON: ${printParseErrorCode(broken.error)}`;
    throw invalid(file, what, mend(file, scope));
  }
  return checkConfig(value, file, scope);
}

/** The same for a value. @throws {CliError} `CONFIG_INVALID` */
export function checkConfig(value: unknown, file: string, scope: "user" | "repository"): Config {
  // To the schema library a list is an object with no keys of note.
  if (Array.isArray(value)) throw invalid(file, "a list, not an object", mend(file, scope));
  const checked = v.safeParse(ConfigSchema, value);
  if (!checked.success) throw explain(checked.issues[0], file, scope);
  if (scope === "repository") refuseUserKeys(checked.output, file);
  return checked.output;
}

/** Each key that a configuration can have, dotted; `intake.tiers` stands for its rules. */
export function configKeys(): readonly string[] {
  return leaves(ConfigSchema, []).filter((key) => key !== "$schema");
}

type Issue = v.InferIssue<typeof ConfigSchema>;

function explain(issue: Issue, file: string, scope: "user" | "repository"): CliError {
  const path = issue.path?.map(({ key }) => String(key)) ?? [];
  const key = path.join(".");
  // What strictObject says of a key it does not know: nothing was expected there.
  if (issue.type === "strict_object" && issue.expected === "never") {
    const parent = path.slice(0, -1);
    const meant = nearest(path.at(-1) ?? "", keysAt(parent));
    return invalid(
      file,
      `unknown key "${key}"`,
      meant === undefined
        ? `known here: ${keysAt(parent).join(", ")}`
        : `did you mean "${[...parent, meant].join(".")}"?`,
    );
  }
  const what = key === "" ? issue.message : `${key}: ${issue.message}`;
  return invalid(file, what, mend(file, scope));
}

function refuseUserKeys(config: Config, file: string): void {
  const allowed: readonly string[] = REPOSITORY_KEYS;
  const refused = Object.keys(config).find((key) => !allowed.includes(key));
  if (refused === undefined) return;
  throw invalid(
    file,
    `a repository may not set "${refused}"`,
    `move it to your own configuration: cco config edit`,
  );
}

function mend(file: string, scope: "user" | "repository"): string {
  return scope === "user" ? "cco config edit" : `mend ${file}`;
}

function invalid(file: string, what: string, hint: string): CliError {
  return new CliError("CONFIG_INVALID", `${file}: ${what}`, { hint });
}

function keysAt(path: readonly string[]): readonly string[] {
  let schema: unknown = ConfigSchema;
  for (const key of path) schema = entriesOf(schema)?.[key] ?? valueOf(schema);
  return Object.keys(entriesOf(schema) ?? {});
}

function leaves(schema: unknown, path: readonly string[]): string[] {
  const entries = entriesOf(schema);
  if (entries === undefined) return [path.join(".")];
  return Object.entries(entries).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** What every key of a record schema holds. */
function valueOf(schema: unknown): unknown {
  const { type, value, wrapped, pipe } = schema as {
    type?: string;
    value?: unknown;
    wrapped?: unknown;
    pipe?: readonly unknown[];
  };
  if (type === "record") return value;
  if (wrapped !== undefined) return valueOf(wrapped);
  return pipe === undefined || pipe[0] === schema ? undefined : valueOf(pipe[0]);
}

/** The entries of an object schema, through `optional` and `pipe`. */
function entriesOf(schema: unknown): Record<string, unknown> | undefined {
  const { entries, wrapped, pipe } = schema as {
    entries?: Record<string, unknown>;
    wrapped?: unknown;
    pipe?: readonly unknown[];
  };
  if (entries !== undefined) return entries;
  if (wrapped !== undefined) return entriesOf(wrapped);
  return pipe === undefined || pipe[0] === schema ? undefined : entriesOf(pipe[0]);
}
