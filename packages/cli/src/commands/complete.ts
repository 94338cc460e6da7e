import { BACKENDS } from "../backends.js";
import type { CommandResult, Context } from "../context.js";
import { nameOf, optionName, type Command, type Group } from "../declare/command.js";
import { EVERYWHERE } from "../declare/everywhere.js";
import type { Completion } from "../declare/kinds.js";

/**
 * `cco __complete`: the words that can stand where the last one stands, one on a line;
 * `:files` leaves it to the shell. Never an error: completion must not disturb typing.
 */
export async function complete(
  context: Context,
  root: Group,
  words: readonly string[],
): Promise<CommandResult> {
  const found = await candidates(context, root, words).catch(() => []);
  return { json: found, text: () => found.join("\n") };
}

async function candidates(
  context: Context,
  root: Group,
  words: readonly string[],
): Promise<readonly string[]> {
  const current = words.at(-1) ?? "";
  const { node, rest } = descend(root, words.slice(0, -1));
  const all = await offered(context, node, rest, current);
  if (all[0] === ":files") return all;
  return all.filter((word) => word.startsWith(current));
}

/** The command that the words name, and the words after it. */
function descend(
  node: Command | Group,
  words: readonly string[],
): { readonly node: Command | Group; readonly rest: readonly string[] } {
  const [first, ...rest] = words;
  const next = "commands" in node ? node.commands.find((one) => nameOf(one) === first) : undefined;
  return next === undefined ? { node, rest: words } : descend(next, rest);
}

async function offered(
  context: Context,
  node: Command | Group,
  rest: readonly string[],
  current: string,
): Promise<readonly string[]> {
  const options = { ...("commands" in node ? {} : node.declaration.options), ...EVERYWHERE };
  const names = Object.keys(options).map((key) => `--${optionName(key)}`);
  const before = Object.values(options)[names.indexOf(rest.at(-1) ?? "")];
  if (before !== undefined && before.takes !== "nothing") {
    return namesOf(context, before.kind.completes);
  }
  if (current.startsWith("-")) return names;
  if ("commands" in node) {
    return node.commands.map(nameOf);
  }
  const given = rest.filter((word) => !word.startsWith("-")).length;
  const args = Object.values(node.declaration.args);
  const last = args.at(-1);
  const argument = args[given] ?? (last?.many === true ? last : undefined);
  return namesOf(context, argument?.kind.completes);
}

async function namesOf(context: Context, kind: Completion | undefined): Promise<readonly string[]> {
  switch (kind) {
    case undefined:
      return [];
    case "files":
      return [":files"];
    case "backend":
      return BACKENDS;
    case "agent":
      return (await context.parts.agents()).map(({ name }) => name);
    case "config-key":
      return (await import("../config/parse.js")).configKeys();
    case "branch":
    case "any-branch":
    case "workspace":
      return branches(context, kind);
    case "session": {
      const sandbox = await context.parts.sandbox();
      return sandbox.ids();
    }
    default:
      return kind;
  }
}

async function branches(
  context: Context,
  kind: "branch" | "any-branch" | "workspace",
): Promise<readonly string[]> {
  const { git } = await context.parts.repo({ checkVersion: false });
  const format = "--format=%(refname)%00%(worktreepath)";
  const remotes = kind === "any-branch" ? ["refs/remotes/"] : [];
  const lines = await git.text(["for-each-ref", format, "refs/heads/", ...remotes]);
  const names = lines
    .split("\n")
    .map((line) => line.split("\0"))
    .filter(([, worktree]) => kind !== "workspace" || worktree !== "")
    .map(([name = ""]) => name.replace(/^refs\/(heads|remotes\/[^/]+)\//, ""))
    .filter((name) => name !== "" && name !== "HEAD");
  return [...new Set(names)];
}
