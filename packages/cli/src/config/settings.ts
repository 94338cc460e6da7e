import type { Config } from "./schema.js";

/** Where a value comes from, the later the stronger. */
export type Source = "default" | "user" | "repository" | "environment";

export interface Setting {
  readonly value: unknown;
  readonly source: Source;
}

/** What holds now, by dotted key. */
export type Settings = ReadonlyMap<string, Setting>;

export interface ConfigLayers {
  readonly user: Config;
  readonly repository: Config;
  readonly env: NodeJS.ProcessEnv;
}

const DEFAULTS = { backend: "local", agent: "claude" } as const;

/** Join the layers. A repository's file was checked to hold only what it may set. */
export function settingsOf({ user, repository, env }: ConfigLayers): Settings {
  const environment = { backend: env.CCO_BACKEND, agent: env.CCO_AGENT };
  const settings = new Map<string, Setting>();
  const add = (source: Source, layer: object): void => {
    for (const [key, value] of flatten(layer)) settings.set(key, { value, source });
  };
  add("default", DEFAULTS);
  add("user", user);
  add("repository", repository);
  add("environment", environment);
  return settings;
}

/** Leaves by dotted key; lists are leaves, empty and undefined ones are left out. */
function flatten(layer: object, prefix = ""): [string, unknown][] {
  return Object.entries(layer).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined || value === "" || key === "$schema") return [];
    const path = `${prefix}${key}`;
    const inner = typeof value === "object" && value !== null && !Array.isArray(value);
    return inner ? flatten(value, `${path}.`) : [[path, value] as [string, unknown]];
  });
}

/** A setting that is a text. */
export function textSetting(settings: Settings, key: string): string | undefined {
  const value = settings.get(key)?.value;
  return typeof value === "string" ? value : undefined;
}
