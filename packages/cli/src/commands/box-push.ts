import { publicSession, type PreparedSession, type Session } from "@cco/sandbox";
import type { Workspace } from "@cco/workspace";

import { textSetting } from "../config/settings.js";
import type { CommandResult, Context } from "../context.js";
import type { boxPush } from "../declare/box-push.js";
import type { Said } from "../declare/command.js";
import { desktopMethod } from "./notify.js";
import { fanOut, startedLine, tellPrepared } from "./fan-out.js";
import { launchDetached, launchInPane, type Launch } from "./launch.js";
import { checkedPlans } from "./plans.js";

type Flags = Said<typeof boxPush>;

interface Asked {
  /** Where the panes of a branch go; `undefined`: there are to be none. */
  readonly workspace: (branch: string) => Promise<Workspace | undefined>;
  readonly running: Promise<void>;
}

/** `cco box push`: send the repository and each plan, start the agents, return at once. */
export async function push(context: Context, flags: Flags): Promise<CommandResult> {
  const files = await checkedPlans(context, flags.plan);
  // The box is asked while git answers.
  const running = context.parts
    .sandbox(flags.backend)
    .then((sandbox) => sandbox.requireRunning({ signal: context.signal }));
  running.catch(() => undefined);
  const workspace = flags.noPane === true ? noWorkspace : workspacesOf(context);
  const asked: Asked = { workspace, running };
  const wanted = files.flatMap((file) => Array<string>(flags.count ?? 1).fill(file));
  const sessions =
    flags.maxParallel === undefined
      ? await pushAll(context, wanted, flags, asked)
      : await pushInTurn(context, wanted, flags, asked);
  const several = files.length > 1 || flags.count !== undefined;
  const values = sessions.map(publicSession);
  return {
    json: several ? values : values[0],
    text: () => sessions.map(startedLine).join("\n"),
    ids: sessions.map(({ sessionId }) => sessionId),
  };
}

/** Where one fails or Ctrl-C comes, those before it are running: their ids are told. */
async function pushAll(
  context: Context,
  plans: readonly string[],
  flags: Flags,
  asked: Asked,
): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  try {
    for (const plan of plans) {
      context.signal.throwIfAborted();
      sessions.push(await pushOne(context, plan, flags, asked));
    }
  } catch (error) {
    for (const session of sessions) context.talk.note(startedLine(session));
    throw error;
  }
  return sessions;
}

/** All are sent first, so that all start from the same commit; then a few at a time run. */
async function pushInTurn(
  context: Context,
  plans: readonly string[],
  flags: Flags,
  asked: Asked,
): Promise<readonly Session[]> {
  const prepared: PreparedSession[] = [];
  try {
    for (const plan of plans) {
      context.signal.throwIfAborted();
      prepared.push(await prepareOne(context, plan, flags, asked));
    }
  } catch (error) {
    tellPrepared(context, prepared);
    throw error;
  }
  return fanOut(context, {
    sandbox: await context.parts.sandbox(flags.backend),
    prepared,
    maxParallel: flags.maxParallel ?? prepared.length,
    start: async (id) => {
      const one = prepared.find(({ sessionId }) => sessionId === id);
      if (one === undefined) throw new Error(`session ${id} was not prepared here`);
      return launchOne(context, one, flags, await asked.workspace(one.branch));
    },
  });
}

async function pushOne(
  context: Context,
  planPath: string,
  flags: Flags,
  asked: Asked,
): Promise<Session> {
  const prepared = await prepareOne(context, planPath, flags, asked);
  return launchOne(context, prepared, flags, await asked.workspace(prepared.branch));
}

async function prepareOne(
  context: Context,
  planPath: string,
  flags: Flags,
  { workspace, running }: Asked,
): Promise<PreparedSession> {
  const sandbox = await context.parts.sandbox(flags.backend);
  const repo = await context.parts.repo();
  // What is wrong in a configuration is said whether or not this push needs it.
  const settings = await context.parts.settings(repo);
  const agent = flags.agent ?? textSetting(settings, "agent");
  return sandbox.prepare({
    repoRoot: repo.root,
    repo,
    running,
    before: workspace,
    planPath,
    tty: flags.noPane !== true,
    withChanges: flags.withChanges ?? false,
    signal: context.signal,
    ...(agent === undefined ? {} : { agent }),
    ...(flags.depth === undefined ? {} : { depth: flags.depth }),
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.retries === undefined ? {} : { retries: flags.retries }),
    ...(flags.maxTurns === undefined ? {} : { maxTurns: flags.maxTurns }),
  });
}

async function launchOne(
  context: Context,
  prepared: PreparedSession,
  flags: Flags,
  workspace: Workspace | undefined,
): Promise<Session> {
  const sandbox = await context.parts.sandbox(flags.backend);
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

function noWorkspace(): Promise<undefined> {
  return Promise.resolve(undefined);
}

/**
 * Finds the open workspace of a branch, once for all plans.
 *
 * @throws {WorkspaceError} `NO_WORKSPACE`, `NO_WORKSPACE_WINDOW`
 */
function workspacesOf(context: Context): Asked["workspace"] {
  const found = new Map<string, Promise<Workspace>>();
  const find = async (branch: string): Promise<Workspace> => {
    const [repo, workspaces] = await Promise.all([
      context.parts.repo(),
      context.parts.workspaces(),
    ]);
    return workspaces.find(repo, branch);
  };
  return (branch) => {
    const one = found.get(branch) ?? find(branch);
    found.set(branch, one);
    return one;
  };
}
