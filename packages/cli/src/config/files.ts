import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { xdgFolder } from "@cco/exec";

import { CliError } from "../errors.js";
import type { Config } from "./schema.js";

/** The user's configuration file: `CCO_CONFIG`, else `$XDG_CONFIG_HOME/cco/config.json`. */
export function userConfigFile(env: NodeJS.ProcessEnv, cwd: string): string {
  const given = env.CCO_CONFIG;
  if (given) return resolve(cwd, given);
  return join(xdgFolder(env, "XDG_CONFIG_HOME", ".config"), "cco", "config.json");
}

/** The configuration file of the worktree at `root`. */
export function repositoryConfigFile(root: string): string {
  return join(root, ".cco", "config.json");
}

/** @returns `{}` where there is no such file. @throws {CliError} `CONFIG_INVALID`, `CONFIG_UNREADABLE` */
export async function readConfig(file: string, scope: "user" | "repository"): Promise<Config> {
  const text = await readText(file);
  if (text === undefined) return {};
  const { parseConfig } = await import("./parse.js");
  return parseConfig(text, file, scope);
}

/** @returns `undefined` where there is no such file, or nothing in it. @throws {CliError} `CONFIG_UNREADABLE` */
export async function readText(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
    return text.trim() === "" ? undefined : text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new CliError("CONFIG_UNREADABLE", `cannot read ${file}: ${code ?? "failed"}`, {
      hint: "make it a readable file, or point CCO_CONFIG at another",
      cause: error,
    });
  }
}
