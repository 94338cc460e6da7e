import { realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { makeFolder } from "@cco/exec";
import { GitError, type Repo } from "@cco/git";
import { applyEdits, modify } from "jsonc-parser";

import { readConfig, readText, repositoryConfigFile } from "../config/files.js";
import { configKeys, parseConfig } from "../config/parse.js";
import type { Settings, Source } from "../config/settings.js";
import type { CommandResult, Context } from "../context.js";
import type { configGet, configSet } from "../declare/config.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";
import { askYesNo } from "../output/ask.js";
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
  const repo = await repoHere(context);
  const settings = await context.parts.settings(repo);
  const files: Partial<Record<Source, string>> = {
    user: context.parts.userConfigFile(),
    ...(repo === undefined ? {} : { repository: repositoryConfigFile(repo.root) }),
  };
  const from = (source: Source): string => [source, files[source]].filter(Boolean).join(" ");
  return {
    json: Object.fromEntries(
      [...settings].map(([key, setting]) => [
        key,
        { ...setting, file: files[setting.source] ?? null },
      ]),
    ),
    text: (paint) =>
      table(
        ["KEY", "VALUE", "FROM"],
        [...settings].map(([key, { value, source }]) => [key, shown(value), from(source)]),
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

/**
 * `cco config edit`: the user's editor on a copy, which takes the file's place once it is right.
 *
 * @throws {CliError} `CONFIG_INVALID`: the copy is kept, and named.
 */
export async function edit(context: Context): Promise<CommandResult> {
  const file = context.parts.userConfigFile();
  if (context.streams.stdin.isTTY !== true) {
    throw new CliError("NOT_A_TERMINAL", "config edit needs a terminal", {
      hint: "without one: cco config set KEY VALUE",
    });
  }
  const draft = file.replace(/(\.json)?$/, ".draft.json");
  // One that was refused before is gone on with.
  if ((await readText(draft)) === undefined) {
    await writeWhole(draft, (await readText(file)) ?? FIRST_FILE);
  }
  while (!(await edited(context, draft))) {
    if (await askYesNo(context, "Edit it again?", true)) continue;
    throw new CliError("CONFIG_INVALID", `${file} was left as it was`, {
      hint: `what you wrote is in ${draft}; cco config edit goes on with it`,
    });
  }
  await writeWhole(file, (await readText(draft)) ?? "{}\n");
  await rm(draft);
  return { json: { path: file }, text: () => "" };
}

/** @returns whether what the editor left is right; what is wrong is said. */
async function edited(context: Context, draft: string): Promise<boolean> {
  const editor = [context.env.VISUAL, context.env.EDITOR].find((name) => name) ?? "vi";
  const runner = await context.parts.runner();
  // $EDITOR is a shell command by custom ("code --wait"); the file is its argument, not its text.
  const argv = ["sh", "-c", `${editor} "$1"`, "sh", draft];
  const stdio = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  const { exitCode } = await runner.run(argv, stdio);
  try {
    if (exitCode !== 0) throw new CliError("USAGE", `the editor failed: ${editor}`);
    await readConfig(draft, "user");
    return true;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.talk.note(error.message);
    return false;
  }
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
  const group = groupOf(settings, key);
  if (group !== undefined) return { json: group, text: () => JSON.stringify(group, null, 2) };
  const known = configKeys();
  if (!known.some((name) => name === key || name.startsWith(`${key}.`))) throw unknownKey(key);
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

/** All that is set below `key`, as it is nested. */
function groupOf(settings: Settings, key: string): object | undefined {
  const below = [...settings].filter(([name]) => name.startsWith(`${key}.`));
  if (below.length === 0) return undefined;
  const group: Record<string, unknown> = {};
  for (const [name, { value }] of below) {
    const path = name.slice(key.length + 1).split(".");
    let inner = group;
    for (const part of path.slice(0, -1)) inner = (inner[part] ??= {}) as Record<string, unknown>;
    inner[path.at(-1) ?? ""] = value;
  }
  return group;
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

/** Some keep their configuration elsewhere and have a link here: it stays one. */
async function writeWhole(named: string, text: string): Promise<void> {
  const file = await realpath(named).catch(() => named);
  await makeFolder(dirname(file));
  const next = `${file}.${String(process.pid)}.tmp`;
  await writeFile(next, text, { mode: 0o600 });
  await rename(next, file);
}
