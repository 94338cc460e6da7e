export type SessionState = "prepared" | "running" | "succeeded" | "failed" | "cancelled" | "lost";

export type FindingTier = "never" | "block" | "warn";

/** One thing that intake saw in what a guest sent. */
export interface Finding {
  /** `ci-config`, `symlink-escape`, …: docs/intake.md lists them. */
  readonly rule: string;
  readonly tier: FindingTier;
  /** Repository path, or `null` where the finding is about the whole bundle. */
  readonly path: string | null;
  readonly message: string;
}

/** What the last intake brought. */
export interface SessionResult {
  /** Commits beyond the pushed one. */
  readonly commits: number;
  readonly tip: string;
  readonly ref: string;
  /** There is uncommitted work on `refs/cco/salvage/<id>`. */
  readonly salvaged: boolean;
  readonly findings: readonly Finding[];
}

/** What the agent says that it spent, summed over its runs. */
export interface SessionUsage {
  readonly turns: number;
  /** Cached ones too. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars; `null` where the agent does not say. */
  readonly costUsd: number | null;
}

/** A session as people and scripts see it (`--json`): every key always there. */
export interface Session {
  readonly sessionId: string;
  /** Real path of the repository's main worktree. */
  readonly repo: string;
  readonly branch: string;
  readonly plan: string;
  readonly backend: string;
  readonly agent: string;
  /** `user@machine` of a session elsewhere. */
  readonly host: string | null;
  readonly box: string;
  readonly baseCommit: string;
  readonly state: SessionState;
  readonly waiting: "person" | "usage-limit" | "finished" | null;
  readonly resumesAt: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly endedBy: "observed" | "claimed" | null;
  /**
   * Why it is `failed` or `lost`, in a word; while it waits for a person `not-logged-in`, if that
   * is why; of a `prepared` one, what its box waits for.
   */
  readonly reason: string | null;
  /** UTC, ISO 8601, as the two below. */
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** tmux pane id that shows it, `%42`. */
  readonly pane: string | null;
  /** The whole shell command that starts or shows it. */
  readonly command: string;
  readonly pulled: boolean;
  readonly result: SessionResult | null;
  /** `null` where the agent did not say, or has not yet. */
  readonly usage: SessionUsage | null;
}

/** Exactly the keys of {@link Session}, in the order people read them: what `--json` prints. */
export function publicSession(session: Session): Session {
  return {
    sessionId: session.sessionId,
    repo: session.repo,
    branch: session.branch,
    plan: session.plan,
    backend: session.backend,
    agent: session.agent,
    host: session.host,
    box: session.box,
    baseCommit: session.baseCommit,
    state: session.state,
    waiting: session.waiting,
    resumesAt: session.resumesAt,
    exitCode: session.exitCode,
    signal: session.signal,
    endedBy: session.endedBy,
    reason: session.reason,
    createdAt: session.createdAt,
    startedAt: session.startedAt,
    endedAt: session.endedAt,
    pane: session.pane,
    command: session.command,
    pulled: session.pulled,
    result: session.result,
    usage: session.usage,
  };
}
