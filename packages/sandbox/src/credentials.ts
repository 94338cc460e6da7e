import type { Guest, GuestRelay } from "@cco/backend";

import type { AgentCredentials, AgentProfile } from "./agents/profile.js";
import { SandboxError } from "./errors.js";

/** What an agent logs in with, found before anything is made. The values are in no record and no argument. */
export interface Credentials {
  /** Variables of the agent as its guest has them. Not secret: to be written down. */
  readonly env: Readonly<Record<string, string>>;
  /** Secret variables that the agent has in its guest, put there by {@link putSecrets}. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What keeps the key outside; absent where nothing has to. */
  readonly relay?: GuestRelay;
}

/** Which way of logging in is there, without showing it. */
export interface LoginFound {
  readonly agent: string;
  /** `ANTHROPIC_API_KEY`, or a guest file's path; `null`: none. */
  readonly by: string | null;
  /** What would be one. */
  readonly ways: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * @param guestFiles paths of the user's own guest files.
 * @returns `undefined` for an agent that logs in nowhere.
 */
export function loginOf(
  profile: AgentProfile,
  env: Env,
  guestFiles: readonly string[],
): LoginFound | undefined {
  const { credentials } = profile;
  if (credentials === undefined || credentials.keys.length === 0) return undefined;
  const { keys, files } = credentials;
  const by =
    keys.find((name) => valueOf(env, name) !== undefined) ??
    files.find((file) => guestFiles.includes(file)) ??
    null;
  return { agent: profile.name, by, ways: [...keys, ...files] };
}

/** @throws {SandboxError} `AGENT_NOT_LOGGED_IN`: none of its keys and login files is there. */
export function requireLogin(found: LoginFound | undefined): void {
  if (found?.by !== null) return;
  const [first = ""] = found.ways;
  throw new SandboxError("AGENT_NOT_LOGGED_IN", `agent ${found.agent} has nothing to log in with`, {
    hint: `set ${found.ways.filter((way) => !way.includes("/")).join(" or ") || first}, or name another variable in agents.${found.agent}.env`,
  });
}

/**
 * The agent's variables, sorted: what a relay can add stays outside the guest.
 *
 * @param relays whether the backend keeps keys outside.
 * @throws {SandboxError} `CREDENTIALS_INVALID`: a value that no header or file of lines can hold.
 */
export function credentialsOf(profile: AgentProfile, env: Env, relays: boolean): Credentials {
  const { credentials } = profile;
  const values = variablesOf(credentials, env);
  for (const [name, value] of values) checkValue(name, value);
  const relay = relays ? relayOf(credentials, values) : undefined;
  if (relay === undefined) return { env: {}, secrets: Object.fromEntries(values) };
  return {
    env: relay.env,
    secrets: Object.fromEntries([...values].filter(([name]) => !(name in relay.env))),
    relay: relay.relay,
  };
}

/** The secrets that a profile names and `env` has, for redaction. */
export function secretsOf(
  profile: AgentProfile,
  env: Env,
): readonly { name: string; value: string }[] {
  const target = profile.credentials?.relay?.targetVariable;
  return [...variablesOf(profile.credentials, env)]
    .filter(([name]) => name !== target)
    .map(([name, value]) => ({ name, value }));
}

/** Reads the variables, and starts the agent with them. */
export const START = `# start PROGRAM [WORD]…: with the variables in the file secrets, which only its owner may read.
while IFS= read -r line; do export "\${line?}"; done <"\${CCO_SECRETS:-$HOME/.cco/secrets}"
exec "$@"
`;

/** `argv` with its secrets, where it has any. */
export function withSecrets(argv: readonly string[], { secrets }: Credentials): readonly string[] {
  if (Object.keys(secrets).length === 0) return argv;
  return ["sh", "-c", 'exec sh "$HOME/.cco/start" "$@"', "cco", ...argv];
}

/** The secret variables as {@link START} reads them: a line each, nothing where there are none. */
export function secretLines({ secrets }: Credentials): string {
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`);
  return lines.join("");
}

/** By stdin, into a file that only the guest's user reads. @throws {SandboxError} `TRANSFER_FAILED` */
export async function putSecrets(guest: Guest, credentials: Credentials): Promise<void> {
  const lines = secretLines(credentials);
  if (lines === "") return;
  const script = 'umask 077 && mkdir -p "$1/.cco" && cat >"$1/.cco/secrets"';
  const argv = ["sh", "-c", script, "secrets", guest.paths.home];
  const { exitCode } = await guest.exec(argv, { stdin: lines });
  if (exitCode === 0) return;
  throw new SandboxError("TRANSFER_FAILED", "the agent's variables did not arrive in its guest", {
    hint: "push again",
  });
}

function variablesOf(credentials: AgentCredentials | undefined, env: Env): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of credentials?.env ?? []) {
    const value = valueOf(env, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function valueOf(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === "" ? undefined : value;
}

function checkValue(name: string, value: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw invalid(name, "is no name of a variable");
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw invalid(name, "holds a character that no key has, or begins or ends with a space");
  }
}

function relayOf(
  credentials: AgentCredentials | undefined,
  values: ReadonlyMap<string, string>,
): { readonly env: Record<string, string>; readonly relay: GuestRelay } | undefined {
  const relay = credentials?.relay;
  if (relay === undefined) return undefined;
  const keys = Object.entries(relay.keys).filter(([name]) => values.has(name));
  if (keys.length === 0) return undefined;
  const target = values.get(relay.targetVariable) ?? relay.target;
  checkTarget(relay.targetVariable, target);
  const base = `http://127.0.0.1:${relay.port}${relay.path ?? ""}`;
  return {
    env: {
      [relay.targetVariable]: base,
      ...Object.fromEntries(keys.map(([name, { placeholder }]) => [name, placeholder])),
    },
    relay: {
      port: relay.port,
      target,
      headers: Object.fromEntries(
        keys.map(([name, { header, prefix }]) => [header, `${prefix}${values.get(name) ?? ""}`]),
      ),
    },
  };
}

/** It is an argument of the relay, so it must hold no password. */
function checkTarget(name: string, target: string): void {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid(name, "is no http address");
  if (url.username !== "" || url.password !== "") throw invalid(name, "holds a user or a password");
}

function invalid(name: string, why: string): SandboxError {
  return new SandboxError("CREDENTIALS_INVALID", `${name} ${why}`, {
    hint: "set it anew, without what is around it",
  });
}
