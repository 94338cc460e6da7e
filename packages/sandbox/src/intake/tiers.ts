import type { FindingTier } from "../session.js";

/** Every rule with its default tier. docs/intake.md says what each means. */
export const DEFAULT_TIERS = {
  malformed: "never",
  "object-not-sent": "never",
  "illegal-name": "never",
  "too-big": "never",

  "symlink-escape": "block",
  gitlink: "block",
  gitmodules: "block",
  "hook-path": "block",
  "setup-script": "block",
  "cco-config": "block",
  "agent-config": "block",
  "name-clash": "block",
  secret: "block",

  gitattributes: "warn",
  "lfs-config": "warn",
  "ci-config": "warn",
  "editor-config": "warn",
  "new-executable": "warn",
  "mode-change": "warn",
  "control-characters": "warn",
  "huge-blob": "warn",
} as const satisfies Record<string, FindingTier>;

export type Rule = keyof typeof DEFAULT_TIERS;

/** All rules, for `--allow` and the config's schema. */
export const RULES = Object.keys(DEFAULT_TIERS) as readonly Rule[];

/** Whether `name` is a rule. */
export function isRule(name: string): name is Rule {
  return Object.hasOwn(DEFAULT_TIERS, name);
}

/**
 * The tier a rule has here: `never` stays, else what `--allow` or the user's
 * config says, else the default. Config cannot make a rule `never`: that means `block`.
 */
export function tierOf(
  rule: Rule,
  allow: readonly string[] = [],
  configured: Readonly<Record<string, FindingTier>> = {},
): FindingTier {
  const standard: FindingTier = DEFAULT_TIERS[rule];
  if (standard === "never") return "never";
  if (allow.includes(rule)) return "warn";
  const wanted = Object.hasOwn(configured, rule) ? (configured[rule] ?? standard) : standard;
  return wanted === "never" ? "block" : wanted;
}
