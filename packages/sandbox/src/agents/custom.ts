import type { AgentContext, AgentCredentials, AgentProfile } from "./profile.js";

/** An agent of the user's own. */
export interface CustomAgent {
  /**
   * What is started. In each word `{plan}`, `{workspace}`, `{exchange}`, `{home}`, `{model}` and
   * `{maxTurns}` stand for what they say, the last two for nothing where none was chosen.
   */
  readonly argv: readonly string[];
  /** Without a terminal. Default: the same. */
  readonly headless?: readonly string[];
  /** Beside the first word of `argv`. */
  readonly programs?: readonly string[];
  /** Default `exits`; one that `stays-open` says `finished` on the fifo `$CCO_TURN`. */
  readonly end?: "exits" | "stays-open";
}

/** The profile of an agent of the user's own. Its network is what the user allows. */
export function customAgent(name: string, agent: CustomAgent): AgentProfile {
  const [program = ""] = agent.argv;
  return {
    name,
    programs: [...new Set([program, ...(agent.programs ?? [])])],
    end: agent.end ?? "exits",
    network: { policy: "allowlist", allow: [] },
    argv: (context) => {
      const words = context.tty ? agent.argv : (agent.headless ?? agent.argv);
      return words.map((word) => filled(word, context));
    },
  };
}

function filled(word: string, { plan, paths, model, maxTurns }: AgentContext): string {
  const values: Readonly<Record<string, string>> = {
    plan: plan.path,
    ...paths,
    model: model ?? "",
    maxTurns: maxTurns === null ? "" : String(maxTurns),
  };
  return word.replaceAll(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
}

/** What a user may set of any agent. */
export interface AgentChoice {
  /** Variables in place of the profile's. */
  readonly env?: readonly string[];
  /** Hosts in place of the profile's. */
  readonly allow?: readonly string[];
  readonly resume?: boolean;
}

/** A profile as the user wants it. */
export function configured(profile: AgentProfile, choice: AgentChoice): AgentProfile {
  const { env, allow, resume } = choice;
  return {
    ...profile,
    ...(env === undefined ? {} : { credentials: chosen(profile, env) }),
    ...(allow === undefined ? {} : { network: { ...profile.network, allow } }),
    ...(resume === undefined ? {} : { resume }),
  };
}

/** Only the variables that the user named: which of others could be a login is not known. */
function chosen({ credentials }: AgentProfile, env: readonly string[]): AgentCredentials {
  const standard = credentials ?? { keys: [], files: [] };
  return { ...standard, env, keys: standard.keys.filter((key) => env.includes(key)) };
}
