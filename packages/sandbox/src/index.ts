export type { Finding, FindingTier, Session, SessionResult, SessionState } from "./session.js";
