export { configured, customAgent, type AgentChoice, type CustomAgent } from "./agents/custom.js";
export { agentProfile, BUILT_IN_AGENTS } from "./agents/index.js";
export type {
  AgentContext,
  AgentCredentials,
  AgentPlan,
  AgentProfile,
  AgentRun,
  AgentSetUp,
  AgentSigns,
} from "./agents/profile.js";
export type { AgentStream, AgentStreamReader, AgentUsage } from "./agents/stream.js";
export type { LoginFound } from "./credentials.js";
export { requireRunning } from "./box.js";
export { SandboxError, type SandboxErrorCode } from "./errors.js";
export type {
  SandboxEvent,
  SandboxNoteCode,
  SandboxNoteEvent,
  SandboxStep,
  SandboxStepEvent,
} from "./events.js";
export {
  DEFAULT_TIERS,
  IntakeError,
  isRule,
  printable,
  RULES,
  type IntakeErrorCode,
  type PrintableOptions,
  type Rule,
} from "./intake/index.js";
export { LandError, type LandErrorCode } from "./land-types.js";
export type {
  CompareOptions,
  IntakeOptions,
  LaunchAllOptions,
  LogsOptions,
  PrepareOptions,
  PullOptions,
  PullStrategy,
  SandboxOptions,
  WaitOptions,
} from "./options.js";
export { readPlan, type PlanFile } from "./plan.js";
export type {
  BoxReport,
  CheckOutcome,
  ComparedSession,
  DiffCommit,
  DiffFile,
  DiffReport,
  GcItem,
  GcReport,
  Landed,
  PreparedSession,
  PulledSession,
} from "./reports.js";
export { Sandbox } from "./sandbox.js";
export {
  publicSession,
  type Finding,
  type FindingTier,
  type Session,
  type SessionResult,
  type SessionState,
  type SessionUsage,
} from "./session.js";
