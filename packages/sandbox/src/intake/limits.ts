import type { IntakeLimits, IntakeRequest } from "./types.js";

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: IntakeLimits = {
  maxBundleBytes: 2_000_000_000,
  maxUnpackedBytes: 1024 * MIB,
  maxObjects: 1_000_000,
  maxChanges: 1_000_000,
  maxPathLength: 4_000,
  maxTreeDepth: 200,
  hugeBlobBytes: 50 * MIB,
};

/** Bytes as people read them: `1.5 GiB`. */
export function bytes(count: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

/** The limits of one intake: what is not said is the default. */
export function limitsOf(given: IntakeRequest["limits"] = {}): IntakeLimits {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(said) };
}
