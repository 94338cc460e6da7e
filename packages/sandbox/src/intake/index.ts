export { IntakeError, type IntakeErrorCode } from "./errors.js";
export { intake } from "./intake.js";
export { salvageRef, sessionRef, sessionRefs } from "./refs.js";
export { printable, type PrintableOptions } from "./printable.js";
export { DEFAULT_TIERS, isRule, RULES, type Rule } from "./tiers.js";
export type { IntakeReport, IntakeRequest } from "./types.js";
