import { randomBytes } from "node:crypto";

import { SandboxError } from "./errors.js";

const ID = /^[0-9a-f]{8}$/;
const PREFIX = /^[0-9a-f]{1,8}$/;

/** A new session id: 8 random hex digits. */
export function newSessionId(): string {
  return randomBytes(4).toString("hex");
}

/** Whether `text` is a whole session id. */
export function isSessionId(text: string): boolean {
  return ID.test(text);
}

/** @throws {SandboxError} `SESSION_ID_MALFORMED`: `text` is no id and no beginning of one. */
export function checkedPrefix(text: string): string {
  const prefix = text.toLowerCase();
  if (PREFIX.test(prefix)) return prefix;
  throw new SandboxError(
    "SESSION_ID_MALFORMED",
    `not a session id: ${JSON.stringify(text)} (8 hex digits, or the first of them)`,
    { hint: "see the sessions: `cco box ls`" },
  );
}
