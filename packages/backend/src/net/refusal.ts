import type { Decision, Target } from "./policy.js";
import { isLocalName } from "./policy.js";
import { DEFAULT_PORTS } from "./allow.js";

/** Where in the configuration an entry of `allow` is written. */
export const CONFIG_KEY = "backends.local.network.allow";

/**
 * What a refused program is told: the host as it asked for it, and the entry that would
 * open it. Which address a name has is not the guest's to learn; its kind is enough.
 */
export function refusalText(
  target: Target,
  port: number,
  decision: Extract<Decision, { allowed: false }>,
  configKey: string,
): string {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const local = target.kind === "name" && isLocalName(target.host);
  const what =
    decision.reason === "not-listed"
      ? `is not in this session's network allowlist`
      : `leads to ${decision.found}, which is out of this session's reach`;
  const literal = decision.reason === "address" && decision.found !== "a private address";
  const entry = literal && target.kind === "name" && !local ? "<address>" : host;
  const needsPort = literal || local || !DEFAULT_PORTS.includes(port);
  return (
    `cco: ${host}:${port} ${what}\n` +
    `  → add "${entry}${needsPort ? `:${port}` : ""}" to ${configKey} in the user's own configuration\n`
  );
}
