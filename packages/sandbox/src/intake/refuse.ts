import type { Finding } from "../session.js";
import { IntakeError } from "./errors.js";
import { printable } from "./printable.js";
import type { Rule } from "./tiers.js";

/** A refusal of tier `never`: no flag lets it through. */
export function refuse(
  rule: Rule,
  message: string,
  options: { path?: string; cause?: unknown } = {},
): IntakeError {
  const path = options.path === undefined ? null : printable(options.path);
  const finding: Finding = { rule, tier: "never", path, message: printable(message) };
  return new IntakeError(`refused: ${describe(finding)}`, [finding], {
    hint: "no flag lets this through: what the guest sent is kept and nothing moved",
    cause: options.cause,
  });
}

/** A refusal by findings of tier `block`. */
export function refuseFindings(sessionId: string, findings: readonly Finding[]): IntakeError {
  const blocking = findings.filter(({ tier }) => tier !== "warn");
  const rules = [...new Set(blocking.map(({ rule }) => rule))];
  const lines = blocking.slice(0, SHOWN).map((finding) => describe(finding));
  const more = blocking.length - lines.length;
  const text = [...lines, ...(more > 0 ? [`and ${String(more)} more`] : [])].join("\n  ");
  const flags = rules.map((rule) => `--allow ${rule}`).join(" ");
  return new IntakeError(`refused: ${text}`, findings, {
    hint: `look at it: cco box diff ${sessionId}, then let it through knowingly: cco box pull ${sessionId} ${flags}`,
  });
}

const SHOWN = 10;

function describe({ rule, path, message }: Finding): string {
  return path === null ? `${rule}: ${message}` : `${rule}: ${path}: ${message}`;
}
