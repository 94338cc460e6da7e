const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/**
 * Bytes of a Kubernetes quantity: `512Mi`, `10Gi`, `2G`.
 *
 * @throws {TypeError} it is none.
 */
export function bytesOf(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(quantity);
  const factor = FACTORS[match?.[2] ?? ""];
  if (match === null || factor === undefined) {
    throw new TypeError(`not a size: ${JSON.stringify(quantity)}; say it as 512Mi or 10Gi`);
  }
  return Number(match[1]) * factor;
}
