/** One line of limactl's talk on stderr. */
export interface LimaMessage {
  /** `info`, `warning`, `error`, `fatal`; `other` for a line that is no log line. */
  readonly level: "debug" | "info" | "warning" | "error" | "fatal" | "other";
  readonly text: string;
}

const LEVELS = new Set<string>(["debug", "info", "warning", "error", "fatal"]);

/**
 * A line that limactl or its host agent printed (logrus text, `time="…" level=info msg="…"`),
 * or `null` for an empty one.
 */
export function parseMessage(line: string): LimaMessage | null {
  const trimmed = line.trim();
  if (trimmed === "") return null;
  const fields = new Map(
    [...trimmed.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S*)/g)].map(([, key = "", value = ""]) => [
      key,
      unquoted(value),
    ]),
  );
  const level = fields.get("level") ?? "";
  const message = fields.get("msg");
  if (!LEVELS.has(level) || message === undefined) return { level: "other", text: trimmed };
  const error = fields.get("error");
  const text = message.replace(/^\[hostagent\] /, "");
  return {
    level: level as LimaMessage["level"],
    text: error === undefined ? text : `${text}: ${error}`,
  };
}

/** All lines of a collected stderr. */
export function parseMessages(stderr: string): readonly LimaMessage[] {
  return stderr
    .split("\n")
    .map(parseMessage)
    .filter((message) => message !== null);
}

/** Go's quoting is JSON's but for a few escapes of control characters. */
function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value.slice(1, -1);
  }
}
