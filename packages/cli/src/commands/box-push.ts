import { isAbsolute, resolve } from "node:path";

import {
  publicSession,
  readPlan,
  SandboxError,
  type PreparedSession,
  type Session,
} from "@cco/sandbox";
import type { Workspace } from "@cco/workspace";

import { textSetting, type Settings } from "../config/settings.js";
import type { CommandResult, Context } from "../context.js";
import type { boxPush } from "../declare/box-push.js";
import type { Said } from "../declare/command.js";
import { desktopMethod } from "./notify.js";
import { launchDetached, launchInPane, type Launch } from "./launch.js";

type Flags = Said<typeof boxPush>;

/** `cco box push`: send the repository and each plan, start the agents, return at once. */
export async function push(context: Context, flags: Flags): Promise<CommandResult> {
  const files = await checkedPlans(context, flags.plan);
  const workspace = flags.noPane === true ? undefined : await workspaceOfBranch(context);
  const wanted = files.flatMap((file) => Array<string>(flags.count ?? 1).fill(file));
  const sessions = await pushAll(context, wanted, flags, workspace);
  const several = files.length > 1 || flags.count !== undefined;
  const values = sessions.map(publicSession);
  return {
    json: several ? values : values[0],
    text: () => sessions.map(startedLine).join("\n"),
    ids: sessions.map(({ sessionId }) => sessionId),
  };
}

function startedLine({ sessionId }: Session): string {
  return `Session ${sessionId} started. Pull with: cco box pull ${sessionId}`;
}

/** Where one fails or Ctrl-C comes, those before it are running: their ids are told. */
async function pushAll(
  context: Context,
  plans: readonly string[],
  flags: Flags,
  workspace: Workspace | undefined,
): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  try {
    for (const plan of plans) {
      context.signal.throwIfAborted();
      sessions.push(await pushOne(context, plan, flags, workspace));
    }
  } catch (error) {
    for (const session of sessions) context.talk.note(startedLine(session));
    throw error;
  }
  return sessions;
}

async function pushOne(
  context: Context,
  planPath: string,
  flags: Flags,
  workspace: Workspace | undefined,
): Promise<Session> {
  const sandbox = await context.parts.sandbox(flags.backend);
  const repo = await context.parts.repo();
  const agent = flags.agent ?? textSetting(await context.parts.settings(repo), "agent");
  const prepared: PreparedSession = await sandbox.prepare({
    repoRoot: repo.root,
    planPath,
    tty: flags.noPane !== true,
    withChanges: flags.withChanges ?? false,
    signal: context.signal,
    ...(agent === undefined ? {} : { agent }),
    ...(flags.depth === undefined ? {} : { depth: flags.depth }),
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.maxTurns === undefined ? {} : { maxTurns: flags.maxTurns }),
  });
  const launch: Launch = { sandbox, prepared, signal: context.signal };
  if (workspace === undefined) return launchDetached(launch);
  const then = await noticeOfEnd(context, prepared, workspace);
  return launchInPane({ ...launch, ...then }, await context.parts.workspaces(), workspace);
}

/** A message on the desktop at the end, where the configuration asks for it. */
async function noticeOfEnd(
  context: Context,
  { sessionId, branch }: PreparedSession,
  { worktree }: Workspace,
): Promise<Pick<Launch, "then">> {
  if ((await desktopMethod(context)) === undefined) return {};
  const message = `session ${sessionId} on ${branch} has ended`;
  const cco = [process.execPath, ...process.argv.slice(1, 2)];
  return { then: [...cco, "notify", "--repo", worktree, "--message", message] };
}

/**
 * The open workspace of the branch that is checked out. Where none is, `undefined`: `prepare`
 * then refuses and says why.
 *
 * @throws {WorkspaceError} `NO_WORKSPACE`, `NO_WORKSPACE_WINDOW`
 */
async function workspaceOfBranch(context: Context): Promise<Workspace | undefined> {
  const [repo, workspaces] = await Promise.all([context.parts.repo(), context.parts.workspaces()]);
  const head = await repo.head();
  return head.kind === "branch" ? workspaces.find(repo, head.branch) : undefined;
}

/** Each plan as an absolute path. All are looked at before the first is sent. */
async function checkedPlans(
  context: Context,
  plans: readonly string[],
): Promise<readonly string[]> {
  return Promise.all(
    plans.map(async (plan) => {
      try {
        return (await readPlan(context.cwd, plan)).file;
      } catch (error) {
        const elsewhere = await inPlansFolder(context, plan, error);
        if (elsewhere === undefined) throw error;
        return elsewhere;
      }
    }),
  );
}

/** The plan in the folder that the setting `plans` names, where the current folder has none. */
async function inPlansFolder(
  context: Context,
  plan: string,
  error: unknown,
): Promise<string | undefined> {
  const missing = error instanceof SandboxError && error.code === "PLAN_NOT_FOUND";
  if (!missing || isAbsolute(plan)) return undefined;
  const repo = await context.parts.repo().catch(() => undefined);
  if (repo === undefined) return undefined;
  const settings: Settings = await context.parts.settings(repo);
  const folder = textSetting(settings, "plans");
  if (folder === undefined) return undefined;
  try {
    return (await readPlan(resolve(repo.root, folder), plan)).file;
  } catch {
    return undefined;
  }
}
