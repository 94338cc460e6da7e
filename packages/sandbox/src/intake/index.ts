export { IntakeError, type IntakeErrorCode } from "./errors.js";
export { intake } from "./intake.js";
export { DEFAULT_LIMITS } from "./limits.js";
export { hasControls, printable, type PrintableOptions } from "./printable.js";
export { headsPrefix, salvageRef, sessionRef } from "./refs.js";
export { DEFAULT_TIERS, isRule, RULES, tierOf, type Rule } from "./tiers.js";
export type {
  IntakeHead,
  IntakeLimits,
  IntakeReport,
  IntakeRequest,
  ProvisionedSecret,
} from "./types.js";
