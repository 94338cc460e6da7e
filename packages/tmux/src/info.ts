import { parseRecords } from "./formats.js";

export interface SessionInfo {
  /** `$1` */
  readonly sessionId: string;
  readonly name: string;
  /** Clients that show it. */
  readonly attached: number;
  /** The user options asked for that are set. */
  readonly options: Readonly<Record<string, string>>;
}

export interface WindowInfo {
  /** `@1` */
  readonly windowId: string;
  readonly sessionId: string;
  readonly sessionName: string;
  readonly index: number;
  readonly name: string;
  /** It is its session's current window. */
  readonly active: boolean;
  /** Clients that show its session. */
  readonly sessionAttached: number;
  readonly options: Readonly<Record<string, string>>;
}

export interface PaneInfo {
  /** `%1` */
  readonly paneId: string;
  readonly windowId: string;
  readonly sessionId: string;
  /** It is its window's current pane. */
  readonly active: boolean;
  /** Its process has ended and the pane is kept. */
  readonly dead: boolean;
  /** Exit code of a dead pane's process; `null` while it runs or where a signal ended it. */
  readonly deadStatus: number | null;
  readonly pid: number;
  /** Whatever the programs in it set. */
  readonly title: string;
  readonly options: Readonly<Record<string, string>>;
}

export const SESSION_VARIABLES = ["session_id", "session_name", "session_attached"];
export const WINDOW_VARIABLES = [
  "window_id",
  "session_id",
  "session_name",
  "window_index",
  "window_name",
  "window_active",
  "session_attached",
];
export const PANE_VARIABLES = [
  "pane_id",
  "window_id",
  "session_id",
  "pane_active",
  "pane_dead",
  "pane_dead_status",
  "pane_pid",
  "pane_title",
];

/** Read what `list-sessions` printed for the session variables and `options`. */
export function parseSessions(output: Uint8Array, options: readonly string[]): SessionInfo[] {
  return parseRecords([...SESSION_VARIABLES, ...options], output).map((record) => ({
    sessionId: text(record, "session_id"),
    name: text(record, "session_name"),
    attached: Number(record["session_attached"]),
    options: pick(record, options),
  }));
}

/** Read what `list-windows` printed for the window variables and `options`. */
export function parseWindows(output: Uint8Array, options: readonly string[]): WindowInfo[] {
  return parseRecords([...WINDOW_VARIABLES, ...options], output).map((record) => ({
    windowId: text(record, "window_id"),
    sessionId: text(record, "session_id"),
    sessionName: text(record, "session_name"),
    index: Number(record["window_index"]),
    name: text(record, "window_name"),
    active: record["window_active"] === "1",
    sessionAttached: Number(record["session_attached"]),
    options: pick(record, options),
  }));
}

/** Read what `list-panes` printed for the pane variables and `options`. */
export function parsePanes(output: Uint8Array, options: readonly string[]): PaneInfo[] {
  return parseRecords([...PANE_VARIABLES, ...options], output).map((record) => {
    const status = text(record, "pane_dead_status");
    return {
      paneId: text(record, "pane_id"),
      windowId: text(record, "window_id"),
      sessionId: text(record, "session_id"),
      active: record["pane_active"] === "1",
      dead: record["pane_dead"] === "1",
      deadStatus: status === "" ? null : Number(status),
      pid: Number(record["pane_pid"]),
      title: text(record, "pane_title"),
      options: pick(record, options),
    };
  });
}

function text(record: Record<string, string>, name: string): string {
  return record[name] ?? "";
}

function pick(record: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = record[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}
