import { Worktrees, type Repo } from "@cco/git";

import { noWindow, noWorkspace } from "./find.js";
import { callersServer } from "./callers-server.js";
import { REPO_OPTION, pathOf } from "./server.js";
import type { Shared } from "./shared.js";
import type { AttachPlan } from "./types.js";
import { allWindows, windowOf, windowsOf } from "./windows.js";

/** See {@link Workspaces.attach}. */
export async function attachWorkspace(
  shared: Shared,
  repo: Repo,
  branch: string | undefined,
): Promise<AttachPlan> {
  const [windows, worktrees] = await Promise.all([
    allWindows(shared.tmux),
    branch === undefined ? [] : new Worktrees(repo).list(),
  ]);
  const ours = windowsOf(repo, windows);
  const session = ours[0]?.sessionName;
  if (session === undefined) throw noWorkspace(repo, branch);
  if (branch === undefined) return attachTarget(shared, `=${session}:`);
  const window = windowOf(branch, ours, worktrees);
  if (window === undefined) throw noWindow(branch);
  return attachTarget(shared, `=${session}:${window.windowId}`);
}

/** Show `target`: switch the caller's client where it is one of this server. */
export async function attachTarget(shared: Shared, target: string): Promise<AttachPlan> {
  const argv = shared.tmux.attachArgv(target);
  const where = await callersServer(shared);
  if (where === "none") return { how: "attach", argv };
  if (where === "another") return { how: "nested", argv };
  await shared.tmux.switchClient(target);
  return { how: "switched", argv };
}

/** See {@link Workspaces.open}. */
export async function openRepositories({
  tmux,
}: Shared): Promise<{ repo: string; session: string; windows: number }[]> {
  const found = new Map<string, { repo: string; session: string; windows: number }>();
  for (const window of await allWindows(tmux)) {
    const mark = window.options[REPO_OPTION];
    if (mark === undefined) continue;
    const windows = (found.get(window.sessionId)?.windows ?? 0) + 1;
    found.set(window.sessionId, { repo: pathOf(mark), session: window.sessionName, windows });
  }
  return [...found.values()];
}
