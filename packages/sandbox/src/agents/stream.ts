/** What an agent spent, summed over its runs. */
export interface AgentUsage {
  readonly turns: number;
  /** Cached ones too. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars, as the agent reckons; `null` where it does not say. */
  readonly costUsd: number | null;
}

/** One reading of a stream, from its first line. */
export interface AgentStreamReader {
  /** @returns the line for people, `null` for one that tells them nothing */
  line(text: string): string | null;
  /** What the lines so far add up to; `null` where they say nothing of it. */
  usage(): AgentUsage | null;
  /** The last thing that was said of the whole run: did it fail? `null` where nothing was said. */
  failed(): boolean | null;
}

/** What an agent without a terminal prints, as lines. All of it is what a guest claims. */
export type AgentStream = () => AgentStreamReader;

/** A whole number from 0, or 0. */
export function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** A JSON object's key that is an object, or an empty one. */
export function inner(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = record(value)[key];
  return record(found);
}

/** A JSON object, or an empty one. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  const plain = typeof value === "object" && value !== null && !Array.isArray(value);
  return plain ? (value as Record<string, unknown>) : {};
}

/** A line of JSON that is an object, or `null`. */
export function parsed(text: string): Readonly<Record<string, unknown>> | null {
  if (!text.startsWith("{")) return null;
  try {
    return record(JSON.parse(text));
  } catch {
    return null;
  }
}
