const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Node's timers hold no more: some 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** `90s`, `30m`, `2h` or `0` in milliseconds; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})([smh])$/.exec(text);
  if (text === "0") return 0;
  if (match === null) return undefined;
  const ms = Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  return ms <= LONGEST_MS ? ms : undefined;
}
