import type { PreparedSession, Sandbox, Session } from "@cco/sandbox";
import type { Workspace, Workspaces } from "@cco/workspace";

/** A session to start; one that does not come up is taken back whole. */
export interface Launch {
  readonly sandbox: Sandbox;
  readonly prepared: PreparedSession;
  readonly signal: AbortSignal;
  /** What runs, unseen, when the pane has shown the end. */
  readonly then?: readonly string[];
}

/** Start the agent without a window. */
export async function launchDetached(launch: Launch): Promise<Session> {
  const { sandbox, prepared, signal } = launch;
  try {
    signal.throwIfAborted();
    return await sandbox.launch(prepared.sessionId, { signal });
  } catch (error) {
    await takeBack(launch);
    throw error;
  }
}

/** Start the agent as the process of a new pane, and make sure that it runs. */
export async function launchInPane(
  launch: Launch,
  workspaces: Workspaces<Session>,
  workspace: Workspace,
): Promise<Session> {
  const { sandbox, prepared, signal } = launch;
  const { sessionId } = prepared;
  try {
    signal.throwIfAborted();
    const pane = await workspaces.openPane({
      window: workspace.window,
      sessionId,
      argv: prepared.launchArgv,
      ...(launch.then === undefined ? {} : { then: launch.then }),
      signal,
    });
    return await sandbox.confirmLaunch(sessionId, { pane, signal });
  } catch (error) {
    await workspaces.closePane(sessionId);
    await takeBack(launch);
    throw error;
  }
}

/** What went wrong before is what the caller must hear of, not what goes wrong here. */
async function takeBack({ sandbox, prepared }: Launch): Promise<void> {
  await sandbox.remove(prepared.sessionId, { force: true }).catch(() => undefined);
}
