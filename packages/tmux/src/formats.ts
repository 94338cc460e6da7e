import { TmuxError } from "./errors.js";

/**
 * A `-F` format that prints each variable as `<bytes>:<value>`.
 *
 * Values are free text (names, titles, user options), and tmux has no separator that
 * cannot stand in one: newer versions escape control characters in what they print.
 */
export function recordFormat(variables: readonly string[]): string {
  return variables.map((name) => `#{n:${name}}:#{${name}}`).join("");
}

/**
 * The records that `recordFormat(variables)` printed, one per line.
 *
 * @throws {TmuxError} `TMUX_FAILED`: the output has another shape.
 */
export function parseRecords(
  variables: readonly string[],
  output: Uint8Array,
): Record<string, string>[] {
  const records: Record<string, string>[] = [];
  const bytes = Buffer.from(output);
  let at = 0;
  while (at < bytes.length) {
    const record: Record<string, string> = {};
    for (const name of variables) {
      const colon = bytes.indexOf(0x3a, at);
      const digits = bytes.toString("latin1", at, Math.max(at, colon));
      const end = colon + 1 + Number(digits);
      if (!/^\d+$/.test(digits) || end > bytes.length) throw malformed();
      record[name] = bytes.toString("utf8", colon + 1, end);
      at = end;
    }
    if (bytes[at] !== 0x0a) throw malformed();
    at += 1;
    records.push(record);
  }
  return records;
}

function malformed(): TmuxError {
  return new TmuxError("TMUX_FAILED", "tmux printed a list that cannot be read");
}
