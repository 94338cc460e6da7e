import { realpath } from "node:fs/promises";

import { Worktrees, type Repo } from "@cco/git";

import { noWindow, noWorkspace } from "./find.js";
import { ifThere } from "./files.js";
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
  const { tmux, callersTmux } = shared;
  const argv = tmux.attachArgv(target);
  // `$TMUX` is the server's socket, its process id and the session's number.
  const outer = callersTmux?.replace(/,[^,]*,[^,]*$/, "") ?? "";
  if (outer === "") return { how: "attach", argv };
  const socket = (await tmux.run([["display-message", "-p", "#{socket_path}"]])).trim();
  const same = (await ifThere(realpath(outer))) === (await ifThere(realpath(socket)));
  if (!same) return { how: "nested", argv };
  await tmux.switchClient(target);
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
