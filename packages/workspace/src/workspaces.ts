import type { CommandRunner } from "@cco/exec";
import type { Repo } from "@cco/git";
import { TmuxError, type TmuxClient } from "@cco/tmux";

import { addWorkspace } from "./add.js";
import { attachTarget, attachWorkspace, openRepositories } from "./attach.js";
import { findWorkspace } from "./find.js";
import { findLeftovers } from "./leftovers.js";
import { listWorkspaces } from "./list.js";
import { mergedBranches } from "./merged.js";
import { ringingArgv } from "./bell.js";
import { showOnDesktop } from "./desktop.js";
import { markWindow, wordsOf } from "./notify.js";
import { workspacePaths, type Environment } from "./paths.js";
import { removeWorkspaces } from "./remove.js";
import { SESSION_OPTION, ccoTmux } from "./server.js";
import type { Shared } from "./shared.js";
import type {
  AddOptions,
  AddResult,
  AttachPlan,
  ClosePaneResult,
  Leftover,
  NotifyOptions,
  NotifyResult,
  RemoveOptions,
  RemoveResult,
  Workspace,
  WorkspaceEntry,
  WorkspaceEvent,
  WorkspaceSession,
} from "./types.js";

export interface WorkspacesOptions<S extends WorkspaceSession = WorkspaceSession> {
  readonly runner: CommandRunner;
  /** Default: a client of the server `cco` with cco's own configuration. */
  readonly tmux?: TmuxClient;
  /** Where `XDG_DATA_HOME`, `XDG_CONFIG_HOME`, `HOME` and `TMUX` are read. Default: this process's. */
  readonly env?: Environment;
  /** The sandbox sessions of a repository (its main worktree's path). Default: none. */
  readonly sessions?: (repo: string) => Promise<readonly S[]>;
  readonly onEvent?: (event: WorkspaceEvent) => void;
}

/** Agents call it from hooks that they wait for; it makes two calls of tmux. */
const NOTIFY_WITHIN_MS = 2_000;

export interface OpenPaneOptions {
  /** Window id, from {@link Workspaces.find}. */
  readonly window: string;
  readonly sessionId: string;
  /** What the pane runs. At most about 15,000 bytes. */
  readonly argv: readonly string[];
  /** A program to run, unseen, when `argv` has ended. */
  readonly then?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Worktrees and tmux windows of branches. Facts are in git and in tmux's user options; nothing is cached. */
export class Workspaces<S extends WorkspaceSession = WorkspaceSession> {
  readonly #options: WorkspacesOptions<S>;
  readonly #shared: Shared;
  readonly #sessions: (repo: string) => Promise<readonly S[]>;

  constructor(options: WorkspacesOptions<S>) {
    const env = options.env ?? process.env;
    this.#options = options;
    this.#sessions = options.sessions ?? (() => Promise.resolve([]));
    this.#shared = {
      runner: options.runner,
      tmux: options.tmux ?? ccoTmux(options.runner, env),
      paths: workspacePaths(env),
      callersTmux: env["TMUX"],
      callersPane: env["TMUX_PANE"],
      emit: options.onEvent ?? (() => undefined),
    };
  }

  /**
   * Make what is missing of a branch's workspace: the branch (from a remote's, or new),
   * its worktree, the files carried over, set-up, the window. Safe to repeat; what an
   * interrupted call left is finished.
   *
   * @throws {GitError} `BRANCH_NAME_INVALID`, …
   * @throws {WorkspaceError} `SETUP_FAILED` (all else is done), `BRANCH_CHECKED_OUT`,
   *   `BRANCH_AMBIGUOUS`, `FOLDER_TAKEN`, `FOLDER_NOT_WRITABLE`, `REF_NOT_FOUND`,
   *   `NO_COMMITS`, `CARRY_FAILED`
   * @throws {TmuxError} `TMUX_MISSING`, `TMUX_TOO_OLD`, …
   */
  add(repo: Repo, branch: string, options: AddOptions = {}): Promise<AddResult> {
    return addWorkspace(this.#shared, repo, branch, options);
  }

  /**
   * The open workspace of a branch.
   *
   * @throws {WorkspaceError} `NO_WORKSPACE`, `NO_WORKSPACE_WINDOW`
   */
  find(repo: Repo, branch: string): Promise<Workspace> {
    return findWorkspace(this.#shared, repo, branch);
  }

  /**
   * Split a workspace's window, start `argv` in the new pane and mark it as the
   * session's, in one tmux call. When `argv` has ended the window gets a bell, as by
   * {@link notify}.
   *
   * @returns the pane's id.
   * @throws {TmuxError} `NO_SPACE`, `NOT_FOUND`
   */
  openPane(options: OpenPaneOptions): Promise<string> {
    const { window, sessionId, argv, then, signal } = options;
    signal?.throwIfAborted();
    return this.#shared.tmux.splitAndRun({
      window,
      argv: ringingArgv(argv, then),
      title: sessionId,
      paneOptions: { [SESSION_OPTION]: sessionId },
    });
  }

  /** Close the pane that shows a session, if there is one. Never throws. */
  async closePane(sessionId: string): Promise<ClosePaneResult> {
    const { tmux } = this.#shared;
    try {
      const pane = await tmux.findPaneByOption(SESSION_OPTION, sessionId);
      if (pane === null) return { outcome: "already-closed", detail: null };
      await tmux.killPane(pane);
      return { outcome: "closed", detail: null };
    } catch (error) {
      const gone = error instanceof TmuxError && ["NOT_FOUND", "NO_SERVER"].includes(error.code);
      if (gone) return { outcome: "already-closed", detail: null };
      return { outcome: "failed", detail: error instanceof Error ? error.message : String(error) };
    }
  }

  /**
   * Remove workspaces: worktree, window and, if asked, branch. All are checked before
   * the first is touched.
   *
   * @throws {RemoveRefusedError} something would be lost, and `skipRefused` is not set;
   *   nothing was removed.
   * @throws {WorkspaceError} `NO_WORKSPACE_WINDOW`: a branch has no worktree, no window,
   *   and is not to be deleted.
   */
  remove(
    repo: Repo,
    branches: readonly string[],
    options: RemoveOptions = {},
  ): Promise<RemoveResult[]> {
    return removeWorkspaces(this.#shared, repo, branches, this.#sessions, options);
  }

  /**
   * Branches with a worktree of cco's that are merged into the main worktree's branch or the
   * remote's main one, for `rm --merged`: by their own commits, or rebased or squashed. One
   * that was only made, or only pushed, is not among them.
   */
  merged(repo: Repo): Promise<readonly string[]> {
    return mergedBranches(this.#shared, repo);
  }

  /** What is left of workspaces that are gone, or were never whole, and how to mend it. Changes nothing. */
  leftovers(repo: Repo): Promise<readonly Leftover[]> {
    return findLeftovers(this.#shared, repo);
  }

  /** The repository's workspaces, in the order of their branches' names. */
  list(repo: Repo): Promise<readonly WorkspaceEntry<S>[]> {
    return listWorkspaces(this.#shared, repo, this.#sessions);
  }

  /**
   * How to show a workspace, or the repository's session when no branch is given.
   * Inside cco's own tmux the client is switched.
   *
   * @throws {WorkspaceError} `NO_WORKSPACE`, `NO_WORKSPACE_WINDOW`
   */
  attach(repo: Repo, branch?: string): Promise<AttachPlan> {
    return attachWorkspace(this.#shared, repo, branch);
  }

  /** Repositories that have a tmux session now, for a picker outside of any repository. */
  open(): Promise<readonly { repo: string; session: string; windows: number }[]> {
    return openRepositories(this.#shared);
  }

  /** As {@link attach}, for a session of {@link open}. */
  attachSession(session: string): Promise<AttachPlan> {
    return attachTarget(this.#shared, `=${session}:`);
  }

  /**
   * Put a bell on the window of the worktree that `dir` is in, unless it is the active
   * one, and show a message on the desktop if one is given. Visiting the window takes the
   * bell off. Never throws; takes at most 2 s.
   */
  async notify(dir: string, options: NotifyOptions = {}): Promise<NotifyResult> {
    const { runner, env = process.env } = this.#options;
    const withinMs = NOTIFY_WITHIN_MS / 2;
    const tmux = this.#options.tmux ?? ccoTmux(runner, env, { answerWithinMs: withinMs });
    const show = async (): Promise<Pick<NotifyResult, "desktop" | "desktopDetail">> => {
      if (options.message === undefined) return { desktop: null, desktopDetail: null };
      const { text, method = "auto" } = options.message;
      const parts = { runner, tmux, env, withinMs, platform: process.platform };
      try {
        await showOnDesktop(parts, { title: "cco", text, method });
        return { desktop: "shown", desktopDetail: null };
      } catch (error) {
        return { desktop: "failed", desktopDetail: wordsOf(error) };
      }
    };
    const [marked, shown] = await Promise.all([markWindow(tmux, dir), show()]);
    return { ...marked, ...shown };
  }
}
