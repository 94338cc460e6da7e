import { SandboxError } from "../errors.js";
import { claude } from "./claude.js";
import { codex } from "./codex.js";
import { opencode } from "./opencode.js";
import type { AgentProfile } from "./profile.js";
import { runbook } from "./runbook.js";

/** The profiles that come with cco. */
export const BUILT_IN_AGENTS: readonly AgentProfile[] = [claude, codex, opencode, runbook];

/**
 * The profile called `name`; of two with that name the one in `more`.
 *
 * @throws {SandboxError} `AGENT_UNKNOWN`
 */
export function agentProfile(name: string, more: readonly AgentProfile[] = []): AgentProfile {
  const all = [...more, ...BUILT_IN_AGENTS];
  const found = all.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  const names = [...new Set(all.map((profile) => profile.name))].join(", ");
  throw new SandboxError("AGENT_UNKNOWN", `no agent called ${JSON.stringify(name)}`, {
    hint: `there are: ${names}`,
  });
}
