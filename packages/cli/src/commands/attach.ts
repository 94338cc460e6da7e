import { quoteArgv } from "@cco/exec";
import { GitError, type Repo } from "@cco/git";
import type { Workspaces } from "@cco/workspace";

import type { CommandResult, Context } from "../context.js";
import type { attach as declaration } from "../declare/attach.js";
import type { Said } from "../declare/command.js";
import { CliError } from "../errors.js";
import { askWhich, canAsk, leftUnanswered } from "../output/ask.js";
import { attachWords, showWorkspace } from "./show-workspace.js";

/** `cco attach`: show a branch's window, or a repository's session. */
export async function attach(
  context: Context,
  { branch }: Said<typeof declaration>,
): Promise<CommandResult> {
  const workspaces = await context.parts.workspaces();
  const repo = await repoHere(context, branch);
  if (repo !== undefined) {
    const plan = await workspaces.attach(repo, branch);
    await showWorkspace(context, plan, attachWords(context, branch));
    return { json: { repo: repo.main, branch: branch ?? null }, text: () => "" };
  }
  const chosen = await openRepository(context, workspaces);
  const plan = await workspaces.attachSession(chosen.session);
  await showWorkspace(context, plan, ["cco", "attach", "--repo", chosen.repo]);
  return { json: { repo: chosen.repo, branch: null }, text: () => "" };
}

/** Without a branch, outside of any repository, one of the open ones is meant. */
async function repoHere(context: Context, branch: string | undefined): Promise<Repo | undefined> {
  try {
    return await context.parts.repo();
  } catch (error) {
    const none = error instanceof GitError && error.code === "NOT_A_REPOSITORY";
    if (branch !== undefined || !none) throw error;
    return undefined;
  }
}

type Open = Awaited<ReturnType<Workspaces["open"]>>[number];

/** @throws {CliError} `WHICH_REPOSITORY`, `NO_OPEN_WORKSPACE`, `INTERRUPTED` */
async function openRepository(
  context: Context,
  workspaces: Pick<Workspaces, "open">,
): Promise<Open> {
  const open = await workspaces.open();
  const [first] = open;
  if (first === undefined) {
    throw new CliError("NO_OPEN_WORKSPACE", "no repository has an open workspace", {
      hint: "in a repository: cco add <branch>",
    });
  }
  if (open.length === 1) return first;
  if (!canAsk(context)) {
    throw new CliError("WHICH_REPOSITORY", "several repositories have open workspaces", {
      hint: open.map(({ repo }) => quoteArgv(["cco", "attach", "--repo", repo])).join(", or "),
    });
  }
  const session = await askWhich(
    context,
    "Which repository?",
    open.map(({ session: value, repo, windows }) => {
      const hint = `${repo}, ${String(windows)} ${windows === 1 ? "window" : "windows"}`;
      return { value, label: value, hint };
    }),
  );
  const chosen = open.find((one) => one.session === session);
  if (chosen === undefined) throw leftUnanswered();
  return chosen;
}
