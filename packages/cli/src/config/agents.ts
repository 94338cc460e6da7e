import { BUILT_IN_AGENTS, configured, customAgent, type AgentProfile } from "@cco/sandbox";

import { CliError } from "../errors.js";
import type { Config } from "./schema.js";

type Agents = NonNullable<Config["agents"]>;

/**
 * The agents that a configuration changes or adds.
 *
 * @param file named in errors.
 * @throws {CliError} `CONFIG_INVALID`: an agent of the user's own without a program, or another with one.
 */
export function configuredAgents(agents: Agents, file: string): readonly AgentProfile[] {
  return Object.entries(agents).map(([name, { env, allow, resume, ...own }]) => {
    const known = BUILT_IN_AGENTS.find((profile) => profile.name === name);
    return configured(known === undefined ? ownAgent(name, own, file) : builtIn(known, own, file), {
      ...(env === undefined ? {} : { env }),
      ...(allow === undefined ? {} : { allow }),
      ...(resume === undefined ? {} : { resume }),
    });
  });
}

type Own = Pick<Agents[string], "argv" | "headless" | "programs" | "end">;

function ownAgent(
  name: string,
  { argv, headless, programs, end }: Own,
  file: string,
): AgentProfile {
  if (argv === undefined) {
    throw new CliError("CONFIG_INVALID", `${file}: agents.${name} has no argv`, {
      hint: `say what to start, or change one that comes with cco: ${namesOf()}`,
    });
  }
  return customAgent(name, {
    argv,
    ...(headless === undefined ? {} : { headless }),
    ...(programs === undefined ? {} : { programs }),
    ...(end === undefined ? {} : { end }),
  });
}

function builtIn(profile: AgentProfile, own: Own, file: string): AgentProfile {
  const key = Object.keys(own).find((name) => own[name as keyof Own] !== undefined);
  if (key === undefined) return profile;
  throw new CliError("CONFIG_INVALID", `${file}: agents.${profile.name}.${key} cannot be set`, {
    hint: "give an agent of your own another name",
  });
}

function namesOf(): string {
  return BUILT_IN_AGENTS.map(({ name }) => name).join(", ");
}
