import { agentProfile } from "./agents/index.js";
import { requireRunning } from "./box.js";
import { destroyBox, stopBox } from "./box-life.js";
import { loginOf, type LoginFound } from "./credentials.js";
import { compare } from "./compare.js";
import { diff } from "./diff.js";
import { makeEngine, type Engine } from "./engine.js";
import { launchAll } from "./launch-all.js";
import { get, idOf, ids, list, wholeId } from "./find.js";
import { gc } from "./gc.js";
import { userFiles } from "./home-files.js";
import type {
  CompareOptions,
  LaunchAllOptions,
  LogsOptions,
  PrepareOptions,
  PullOptions,
  SandboxOptions,
  WaitOptions,
} from "./options.js";
import { prepare } from "./prepare.js";
import { pull } from "./pull.js";
import { remove } from "./remove.js";
import type {
  BoxReport,
  ComparedSession,
  DiffReport,
  GcReport,
  PreparedSession,
  PulledSession,
} from "./reports.js";
import { cancel, confirmLaunch, launch, logs, send, viewArgv, wait } from "./running.js";
import type { Session } from "./session.js";
import { status } from "./status.js";

/**
 * The session engine: what `cco box …` does, without a terminal, a window or a print.
 *
 * Every call reads the facts on disk and in the box; nothing is cached between calls.
 * Sessions are named by their id; `find` takes a prefix of one.
 */
export class Sandbox {
  readonly #engine: Engine;

  constructor(options: SandboxOptions) {
    this.#engine = makeEngine(options);
  }

  /**
   * Send the branch of `repoRoot` and the plan into a guest of its own. Launches nothing.
   * Where it fails or is interrupted, nothing of it is left.
   *
   * @throws {SandboxError} `PLAN_*`, `CREDENTIALS_INVALID`, `GUEST_FILES_UNREADABLE`, `UNBORN_BRANCH`, `DETACHED_HEAD`, `OPERATION_IN_PROGRESS`,
   *   `BOX_*`, `AGENT_*`, `DISK_FULL`, `TRANSFER_FAILED`, `INTERRUPTED`.
   * @throws {GitError} `NOT_A_REPOSITORY`, `BARE_REPOSITORY`, `GIT_MISSING`, `GIT_TOO_OLD`.
   */
  async prepare(options: PrepareOptions): Promise<PreparedSession> {
    return prepare(this.#engine, options);
  }

  /**
   * Resolves where the box of new sessions is running; `prepare` asks it too, and takes an answer
   * that was asked for earlier.
   *
   * @throws {SandboxError} `BOX_MISSING`, `BOX_STOPPED`, `BOX_BROKEN`.
   */
  async requireRunning(options: { signal?: AbortSignal } = {}): Promise<void> {
    return requireRunning(this.#engine.backend, options.signal);
  }

  /** Start the agent detached. A second call changes nothing. */
  async launch(id: string, options: { signal?: AbortSignal } = {}): Promise<Session> {
    return launch(this.#engine, wholeId(id), options);
  }

  /**
   * Start prepared sessions in their order, never more than `maxParallel` of them running at once.
   * Resolves when the last one has been started. Where it fails or is interrupted, those that were
   * not started stay prepared.
   *
   * @throws {SandboxError} as `launch` and `wait`.
   */
  async launchAll(ids: readonly string[], options: LaunchAllOptions): Promise<readonly Session[]> {
    return launchAll(this.#engine, ids.map(wholeId), options);
  }

  /** After something (a pane) ran `launchArgv`: resolve once the agent is up, and record the pane. */
  async confirmLaunch(
    id: string,
    options: { pane?: string; signal?: AbortSignal } = {},
  ): Promise<Session> {
    return confirmLaunch(this.#engine, wholeId(id), options);
  }

  /** The session with exactly this id. @throws {SandboxError} `SESSION_NOT_FOUND`, `SESSION_UNREADABLE` */
  async get(id: string): Promise<Session> {
    return get(this.#engine, id);
  }

  /**
   * The whole id that an id or a unique beginning of one names. No box is asked.
   *
   * @throws {SandboxError} `SESSION_NOT_FOUND`, `SESSION_ID_AMBIGUOUS`, `SESSION_ID_MALFORMED`,
   *   `SESSION_UNREADABLE`.
   */
  async idOf(prefixOrId: string): Promise<string> {
    return idOf(this.#engine, prefixOrId);
  }

  /** Of all sessions, newest first. No box is asked. */
  async ids(): Promise<readonly string[]> {
    return ids(this.#engine);
  }

  /** Newest first. An unreadable one is a note event. One call to the box, none where all have ended. */
  async list(options: { repo?: string } = {}): Promise<readonly Session[]> {
    return list(this.#engine, options);
  }

  /**
   * Block until the session has ended, however: `state` says how (`lost` too). An agent in a
   * terminal whose turn is over has ended too: `state` is `running`, `waiting` is `finished`.
   *
   * @throws {SandboxError} `WAIT_TIMED_OUT` (the agent goes on), `INTERRUPTED`.
   */
  async wait(id: string, options: WaitOptions = {}): Promise<Session> {
    return wait(this.#engine, wholeId(id), options);
  }

  /**
   * Wait for the end, bring the result, check it, move the branch, release the guest. Can be
   * repeated after any failure; a second one at the same time waits for the first.
   *
   * An agent that failed is no error here: its commits land, `state` says it.
   *
   * @throws {SandboxError} `WAIT_TIMED_OUT`, `SESSION_LOST`, `INTAKE_REFUSED`, `BUNDLE_TRUNCATED`,
   *   `BUNDLE_GONE`, `CHECK_FAILED`, `BRANCH_*`, `WORKTREE_DIRTY`, `MERGE_CONFLICT`,
   *   `RESULT_REWRITTEN`, `DISK_FULL`, `INTERRUPTED`.
   */
  async pull(id: string, options: PullOptions = {}): Promise<PulledSession> {
    return pull(this.#engine, wholeId(id), options);
  }

  /** What the agent's terminal printed, to `sink` (ended at the end). */
  async logs(id: string, sink: NodeJS.WritableStream, options: LogsOptions = {}): Promise<void> {
    return logs(this.#engine, wholeId(id), sink, options);
  }

  /** The argv, for the host, that shows the agent's terminal; after the end, its last screen. */
  async viewArgv(id: string): Promise<readonly string[]> {
    return viewArgv(this.#engine, wholeId(id));
  }

  /** Put `text` to the agent as one paste. @throws {SandboxError} `NOT_RUNNING` */
  async send(id: string, text: string): Promise<void> {
    return send(this.#engine, wholeId(id), text);
  }

  /** Stop the agent; resolves at its end. What it left stays pullable. @throws {SandboxError} `NOT_RUNNING` */
  async cancel(id: string): Promise<Session> {
    return cancel(this.#engine, wholeId(id));
  }

  /** What pull would bring; takes a snapshot to the session's ref where the last one may be old. */
  async diff(id: string, options: { signal?: AbortSignal } = {}): Promise<DiffReport> {
    return diff(this.#engine, wholeId(id), options);
  }

  /**
   * What each session would bring, side by side. With a `check` its result goes to the session's
   * ref, as with a snapshot, and the command runs on it in a fresh guest; no branch moves.
   */
  async compare(
    ids: readonly string[],
    options: CompareOptions = {},
  ): Promise<readonly ComparedSession[]> {
    return compare(this.#engine, ids.map(wholeId), options);
  }

  /**
   * Forget a session: its guest, its record, its refs.
   *
   * @throws {SandboxError} `UNPULLED_WORK`, `SESSION_RUNNING`: unless `force`.
   */
  async remove(id: string, options: { force?: boolean } = {}): Promise<void> {
    return remove(this.#engine, wholeId(id), options);
  }

  /** Remove what is pulled, orphaned or expired; never unpulled work. `dryRun`: only say what would go. */
  async gc(options: { dryRun?: boolean } = {}): Promise<GcReport> {
    return gc(this.#engine, options);
  }

  /**
   * Stop the box of new sessions.
   *
   * @throws {SandboxError} `SESSION_RUNNING` unless `force`, which ends what runs; `BOX_MISSING`.
   */
  async stopBox(options: { force?: boolean } = {}): Promise<void> {
    return stopBox(this.#engine, options);
  }

  /**
   * Remove the box of new sessions with all that is in it.
   *
   * @throws {SandboxError} `UNPULLED_WORK` unless `force`: it holds work that was not pulled, or it
   *   is stopped and may.
   */
  async destroyBox(options: { force?: boolean } = {}): Promise<void> {
    return destroyBox(this.#engine, options);
  }

  /**
   * Which way of logging in an agent has here, without showing it; `undefined` for one that logs in
   * nowhere.
   *
   * @throws {SandboxError} `AGENT_UNKNOWN`, `GUEST_FILES_UNREADABLE`.
   */
  async login(agent: string): Promise<LoginFound | undefined> {
    const { agents, env, guestFiles } = this.#engine;
    const own = (await userFiles(guestFiles)).map(({ path }) => path);
    return loginOf(agentProfile(agent, agents), env, own);
  }

  /** The box of new sessions. */
  async status(): Promise<BoxReport> {
    return status(this.#engine);
  }
}
