import { readFileSync } from "node:fs";

/** Names of variables that hold a secret wherever they are set. */
const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;
/** Where an API is. A profile names it beside its keys, and people want to read it. */
const ADDRESS = "_BASE_URL";
/** A shorter value is a word that stands anywhere. */
const SHORTEST = 8;
/** What a text that was cut ends in. */
const CUT = "…";

/** `text` without secrets: each is replaced by its variable's name in brackets. */
export type Hide = (text: string) => string;

/**
 * The last guard: no secret is put into a message knowingly, and none gets out by one that quotes a
 * path, an argument or another program's words. Secret are the values of variables that are named like
 * one, and of those that the user's configuration gives to an agent.
 *
 * @param configFile the user's configuration; one that cannot be read names nothing.
 */
export function redactor(env: NodeJS.ProcessEnv, configFile: () => string): Hide {
  let secrets: readonly (readonly [name: string, form: string])[] | undefined;
  return (text) => {
    secrets ??= secretsIn(env, configFile);
    return secrets.reduce((hidden, [name, form]) => without(hidden, name, form), text);
  };
}

/** Longest first: one may be a part of another. */
function secretsIn(env: NodeJS.ProcessEnv, configFile: () => string) {
  const named = new Set(configured(configFile).filter((name) => !name.endsWith(ADDRESS)));
  return Object.entries(env)
    .flatMap(([name, value = ""]) => {
      if (value.length < SHORTEST || !(SECRET_NAME.test(name) || named.has(name))) return [];
      const inJson = JSON.stringify(value).slice(1, -1);
      return [...new Set([value, inJson])].map((form) => [name, form] as const);
    })
    .sort(([, a], [, b]) => b.length - a.length);
}

function without(text: string, name: string, form: string): string {
  let hidden = text.replaceAll(form, `[${name}]`);
  if (!hidden.includes(CUT)) return hidden;
  for (let length = form.length - 1; length >= SHORTEST; length -= 1) {
    hidden = hidden.replaceAll(form.slice(0, length) + CUT, `[${name}]${CUT}`);
  }
  return hidden;
}

function configured(file: () => string): readonly string[] {
  try {
    const { agents } = JSON.parse(readFileSync(file(), "utf8")) as {
      agents?: Record<string, { env?: unknown }>;
    };
    const names = Object.values(agents ?? {}).flatMap(({ env }) =>
      Array.isArray(env) ? (env as readonly unknown[]) : [],
    );
    return names.filter((name) => typeof name === "string");
  } catch {
    return [];
  }
}
