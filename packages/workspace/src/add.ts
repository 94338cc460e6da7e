import { Worktrees, type Repo } from "@cco/git";
import { TmuxError } from "@cco/tmux";

import { ALWAYS_CARRIED, carryFiles } from "./carry.js";
import type { Shared } from "./shared.js";
import { WorkspaceError } from "./errors.js";
import { withRepoLock } from "./lock.js";
import { findSetup, runSetup, TrustedScripts } from "./setup.js";
import { readState, writeState } from "./state.js";
import type { AddOptions, AddResult, SetupOutcome } from "./types.js";
import { allWindows, openWindow, windowOf, windowsOf } from "./windows.js";
import { ensureWorktree, type MadeWorktree } from "./worktree.js";
import { AGENT_OPTION } from "./server.js";

/** See {@link Workspaces.add}. */
export async function addWorkspace(
  shared: Shared,
  repo: Repo,
  branch: string,
  options: AddOptions,
): Promise<AddResult> {
  // All that can be known to be missing is known before anything is made.
  await shared.tmux.requireVersion();
  const made = await withRepoLock(repo, options.signal, (held) =>
    ensureWorktree(repo, shared.paths.worktrees, branch, { ...options, signal: held }),
  );
  tell(shared, branch, made);
  const prepared = await prepare(shared, repo, branch, made, options);
  const window = await withRepoLock(repo, options.signal, () =>
    againIfServerDied(() =>
      ensureWindow(shared, repo, branch, made, options, prepared.failure === null),
    ),
  );
  if (prepared.failure !== null) throw prepared.failure;
  return {
    repo: repo.main,
    branch,
    worktree: made.path,
    ...window.workspace,
    created: { branch: made.branchCreated, worktree: made.created, window: window.created },
    carried: prepared.carried,
    setup: prepared.setup,
    setupScript: prepared.script,
    upstream: made.upstream,
  };
}

function tell({ emit }: Shared, branch: string, made: MadeWorktree): void {
  if (made.branchCreated) {
    emit({ type: "branch-created", branch, from: made.upstream ?? made.from ?? "" });
  }
  if (made.created) emit({ type: "worktree-created", branch, path: made.path });
}

interface Prepared {
  readonly carried: readonly string[];
  readonly setup: SetupOutcome;
  readonly script: string | null;
  readonly failure: WorkspaceError | null;
}

/** Carried files and set-up: only in worktrees that cco made. */
async function prepare(
  shared: Shared,
  repo: Repo,
  branch: string,
  made: MadeWorktree,
  options: AddOptions,
): Promise<Prepared> {
  if (!made.own) return { carried: [], setup: "none", script: null, failure: null };
  const worktree = await repo.worktree(made.path);
  const carried = await carry(shared, repo, worktree, options);
  const script = await findSetup(made.path, branch, options.setup);
  if (script === null) return { carried, setup: "none", script: null, failure: null };
  const state = await readState(worktree);
  const done = { carried, script: script.path, failure: null };
  if (state.setup !== null) return { ...done, setup: "already" };

  const trusted = new TrustedScripts(shared.paths.trusted);
  if (!(await trusted.has(repo.main, script))) {
    if (!((await options.confirmSetup?.(script)) ?? false)) {
      shared.emit({ type: "setup-skipped", path: script.path });
      return { ...done, setup: "skipped" };
    }
    await trusted.add(repo.main, script);
  }
  shared.emit({ type: "setup-started", path: script.path });
  try {
    await runSetup(shared.runner, script, {
      signal: options.signal,
      onOutput: (chunk) => {
        shared.emit({ type: "setup-output", chunk });
      },
    });
  } catch (error) {
    if (!(error instanceof WorkspaceError)) throw error;
    return { ...done, setup: "done", failure: error };
  }
  await writeState(worktree, { ...state, setup: script.hash });
  return { ...done, setup: "done" };
}

async function carry(
  shared: Shared,
  repo: Repo,
  worktree: Repo,
  options: AddOptions,
): Promise<string[]> {
  const marks = new Map<string, string>();
  const files = [...ALWAYS_CARRIED, ...(options.files ?? [])];
  await carryFiles(repo.main, worktree.root, files, (path, how, mark) => {
    marks.set(path, mark);
    shared.emit({ type: "file-carried", path, how });
  });
  if (marks.size > 0) {
    const state = await readState(worktree);
    const carried = { ...state.carried, ...Object.fromEntries(marks) };
    await writeState(worktree, { ...state, carried });
  }
  return [...marks.keys()];
}

interface EnsuredWindow {
  readonly workspace: { session: string; window: string; windowName: string };
  readonly created: boolean;
}

async function ensureWindow(
  shared: Shared,
  repo: Repo,
  branch: string,
  made: MadeWorktree,
  options: AddOptions,
  ready: boolean,
): Promise<EnsuredWindow> {
  const { tmux, emit } = shared;
  const [before, worktrees] = await Promise.all([allWindows(tmux), new Worktrees(repo).list()]);
  const wanted = (options.agent ?? []).length > 0;
  const existing = windowOf(branch, windowsOf(repo, before), worktrees);
  if (existing === undefined) {
    const agent = wanted ? (ready ? "started" : "pending") : "none";
    const argv = wanted && ready ? agentThenShell(options.agent ?? []) : undefined;
    const window = await openWindow(tmux, before, {
      ...{ repo, branch, agent },
      name: made.name,
      worktree: made.path,
      ...(argv === undefined ? {} : { argv }),
    });
    const workspace = await describe(shared, window);
    emit({ type: "window-created", window, name: workspace.windowName });
    return { workspace, created: true };
  }
  const { windowId, windowName, sessionName } = { ...existing, windowName: existing.name };
  if (made.created) {
    const text = `the window was open already: its shells still stand in a folder that was removed; run 'cd ${made.path}' there`;
    emit({ type: "note", text });
  }
  if (wanted && ready && existing.options[AGENT_OPTION] === "pending") {
    await tmux.splitAndRun({
      ...{ window: windowId, cwd: made.path },
      argv: agentThenShell(options.agent ?? []),
      remainOnExit: false,
    });
    await tmux.setOption({ window: windowId }, AGENT_OPTION, "started");
  }
  return { workspace: { session: sessionName, window: windowId, windowName }, created: false };
}

/** A server that ends between two calls takes its windows along: look again, once. */
async function againIfServerDied<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const died = error instanceof TmuxError && ["NO_SERVER", "NOT_FOUND"].includes(error.code);
    if (!died) throw error;
    return work();
  }
}

/** @throws {TmuxError} `NOT_FOUND`: it is gone already. */
async function describe(shared: Shared, windowId: string): Promise<EnsuredWindow["workspace"]> {
  const window = (await allWindows(shared.tmux)).find((one) => one.windowId === windowId);
  if (window === undefined) {
    throw new TmuxError("NOT_FOUND", `the window ${windowId} ended as soon as it was made`);
  }
  return { session: window.sessionName, window: windowId, windowName: window.name };
}

/**
 * The agent as the window's own process, so that no typed key is lost before a shell is
 * ready; tmux gives it the caller's `PATH`, not the server's. Ctrl-C is the agent's. The person's shell takes over when it ends.
 */
function agentThenShell(agent: readonly string[]): string[] {
  const script = 'trap : INT; "$@"; trap - INT; exec "${SHELL:-/bin/sh}"';
  return ["sh", "-c", script, "sh", ...agent];
}
