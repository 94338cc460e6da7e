import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { GitError, type Repo } from "@cco/git";
import { applyEdits, modify } from "jsonc-parser";

import { readConfig, readText } from "../config/files.js";
import { configKeys, parseConfig } from "../config/parse.js";
import type { Settings } from "../config/settings.js";
import type { CommandResult, Context } from "../context.js";
import type { configGet, configSet } from "../declare/config.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";
import { nearest } from "../nearest.js";
import { table } from "../output/table.js";

const FIRST_FILE = `{
  "$schema": "https://unpkg.com/@cco/cli/schema/config.json",
  "backend": "local",
  "agent": "claude"
}
`;

/** `cco config path` */
export function path(context: Context): Promise<CommandResult> {
  const file = context.parts.userConfigFile();
  return Promise.resolve({ json: { path: file }, text: () => file });
}

/** `cco config show`: every value that holds here and where it comes from. */
export async function show(context: Context): Promise<CommandResult> {
  const settings = await settingsHere(context);
  return {
    json: Object.fromEntries(settings),
    text: (paint) =>
      table(
        ["KEY", "VALUE", "FROM"],
        [...settings].map(([key, { value, source }]) => [key, shown(value), source]),
        paint,
      ),
  };
}

/** `cco config init`: a first file. @throws {CliError} `CONFIG_EXISTS` */
export async function init(context: Context): Promise<CommandResult> {
  const file = context.parts.userConfigFile();
  if ((await readText(file)) !== undefined) {
    throw new CliError("CONFIG_EXISTS", `there is a configuration already: ${file}`, {
      hint: "cco config edit",
    });
  }
  await writeWhole(file, FIRST_FILE);
  return { json: { path: file }, text: () => `Wrote ${file}.` };
}

/** `cco config edit`: the user's editor, then a check. */
export async function edit(context: Context): Promise<CommandResult> {
  const file = context.parts.userConfigFile();
  if (context.streams.stdin.isTTY !== true) {
    throw new CliError("NOT_A_TERMINAL", "config edit needs a terminal", {
      hint: "without one: cco config set KEY VALUE",
    });
  }
  if ((await readText(file)) === undefined) await writeWhole(file, FIRST_FILE);
  const editor = [context.env.VISUAL, context.env.EDITOR].find((name) => name) ?? "vi";
  const runner = await context.parts.runner();
  // $EDITOR is a shell command by custom ("code --wait"); the file is its argument, not its text.
  const argv = ["sh", "-c", `${editor} "$1"`, "sh", file];
  const stdio = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  await runner.run(argv, stdio);
  await readConfig(file, "user");
  return { json: { path: file }, text: () => "" };
}

/** `cco config get`: one value as it holds here; a group of keys as JSON. */
export async function get(
  context: Context,
  { key }: Said<typeof configGet>,
): Promise<CommandResult> {
  const settings = await settingsHere(context);
  const setting = settings.get(key);
  if (setting !== undefined) {
    return { json: setting.value, text: () => shown(setting.value) };
  }
  const known = configKeys();
  if (!known.some((name) => name === key || key.startsWith(`${name}.`))) throw unknownKey(key);
  return { json: null, text: () => "" };
}

/** `cco config set`: one value of the user's file; comments and order stay. */
export async function set(
  context: Context,
  { key, value }: Said<typeof configSet>,
): Promise<CommandResult> {
  const file = context.parts.userConfigFile();
  const before = (await readText(file)) ?? "{}\n";
  parseConfig(before, file, "user");
  const formattingOptions = { insertSpaces: true, tabSize: 2 };
  const edits = modify(before, key.split("."), valueOf(value), { formattingOptions });
  const after = applyEdits(before, edits);
  parseConfig(after, file, "user");
  await writeWhole(file, after);
  return { json: { path: file, key, value: valueOf(value) }, text: () => "" };
}

async function settingsHere(context: Context): Promise<Settings> {
  return context.parts.settings(await repoHere(context));
}

/** The configuration can be looked at outside a repository too. */
async function repoHere(context: Context): Promise<Repo | undefined> {
  try {
    return await context.parts.repo();
  } catch (error) {
    if (error instanceof GitError) return undefined;
    throw error;
  }
}

function unknownKey(key: string): CliError {
  const known = configKeys();
  const meant = nearest(key, known);
  return new CliError("CONFIG_INVALID", `unknown key "${key}"`, {
    hint: meant === undefined ? `known: ${known.join(", ")}` : `did you mean "${meant}"?`,
  });
}

/** JSON where it is JSON, else the text itself. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const next = `${file}.${String(process.pid)}.tmp`;
  await writeFile(next, text, { mode: 0o600 });
  await rename(next, file);
}
