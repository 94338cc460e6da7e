import type { Finding, FindingTier } from "../session.js";
import type { Change, Changes } from "./changes.js";
import type { RawCommit } from "./commits.js";
import { printable, hasControls } from "./printable.js";
import { refuse } from "./refuse.js";
import { CHANGE_RULES } from "./rules/index.js";
import { nameClashes } from "./rules/names.js";
import type { RuleContext } from "./rules/rule.js";
import type { Rule } from "./tiers.js";

/** Collects findings; one rule says one thing about one path once. */
export class Findings {
  readonly #found = new Map<string, Finding>();
  readonly #tier: (rule: Rule) => FindingTier;

  constructor(tier: (rule: Rule) => FindingTier) {
    this.#tier = tier;
  }

  /** @throws {IntakeError} the rule's tier is `never`. */
  add(rule: Rule, path: string | null, message: string): void {
    const tier = this.#tier(rule);
    if (tier === "never") throw refuse(rule, message, path === null ? {} : { path });
    const shown = path === null ? null : printable(path);
    const key = `${rule}\0${path ?? ""}\0${path === null ? message : ""}`;
    if (this.#found.has(key)) return;
    this.#found.set(key, { rule, tier, path: shown, message: printable(message) });
  }

  /** What blocks first, then by path. */
  all(): Finding[] {
    return [...this.#found.values()].sort(
      (a, b) => order(a) - order(b) || compare(a.path ?? "", b.path ?? ""),
    );
  }
}

function order({ tier }: Finding): number {
  return tier === "warn" ? 1 : 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Rules that look at one change at a time, and at names beside each other. */
export function reportChanges(findings: Findings, changes: Changes, context: RuleContext): void {
  for (const change of changes.changes) {
    for (const { rule, inHistory, check } of CHANGE_RULES) {
      if (change.commit !== null && !inHistory) continue;
      const message = check(change, context);
      if (message !== null) findings.add(rule, change.path, message + whereOf(change));
    }
  }
  for (const [path, other] of nameClashes(changes.changes, changes.tip)) {
    findings.add("name-clash", path, `one with ${other} where names ignore case or Unicode forms`);
  }
}

/** Where a change is that the result does not show. */
export function whereOf({ commit }: Change): string {
  return commit === null ? "" : ` (only in commit ${commit.slice(0, 12)})`;
}

/** Text that people will see: messages and authors, names of branches. */
export function reportText(
  findings: Findings,
  commits: Iterable<RawCommit>,
  names: readonly string[],
): void {
  for (const { sha, text } of commits) {
    if (!hasControls(text, { multiline: true })) continue;
    const message = `commit ${sha.slice(0, 12)} has control or invisible characters in its text`;
    findings.add("control-characters", null, message);
  }
  for (const name of names.filter((one) => hasControls(one))) {
    findings.add(
      "control-characters",
      null,
      `a branch has invisible characters in its name: ${name}`,
    );
  }
}
