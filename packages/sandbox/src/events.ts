/** What the engine is doing, in the order of a session's life. */
export type SandboxStep =
  | "check-plan"
  | "check-repository"
  | "check-box"
  | "bundle"
  | "send"
  | "launch"
  | "wait"
  | "stop"
  | "collect"
  | "intake"
  | "check-command"
  | "land"
  | "release";

export interface SandboxStepEvent {
  readonly type: "step";
  readonly step: SandboxStep;
  /** `null` before there is a session. */
  readonly sessionId: string | null;
  /** A few words for a progress line, without an end mark. */
  readonly message: string;
}

export type SandboxNoteCode =
  | "already-pulled"
  | "uncommitted-changes"
  | "plan-hidden"
  | "claimed-end"
  | "no-commits"
  | "agent-failed"
  | "salvaged"
  | "salvage-failed"
  /** A lost session's work as it was saved. */
  | "saved"
  /** A lost session was started once more, or is not. */
  | "retried"
  | "other-heads"
  | "snapshot"
  | "kept"
  | "release-failed"
  | "unreadable-session"
  | "waiting-for-lock"
  | "warning";

/** Something a person should know that is no failure. */
export interface SandboxNoteEvent {
  readonly type: "note";
  readonly note: SandboxNoteCode;
  readonly sessionId: string | null;
  /** One line, safe to show: no control characters. */
  readonly message: string;
}

/** Progress of a call. Given to `onEvent`; the library itself never prints. */
export type SandboxEvent = SandboxStepEvent | SandboxNoteEvent;
