import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Env = Record<string, string>;

/** The person every test commits as, in configuration and in the environment. */
export const PERSON = { name: "Test Person", email: "person@example.test" } as const;

const PASSED_ON = ["PATH", "NODE_EXTRA_CA_CERTS", "COREPACK_HOME", "VITEST"];

/**
 * A whole environment under `dir`, so that nothing of the caller's own (home,
 * configuration, tmux server, git settings) is read or written. Pass it as the
 * whole environment of a process, never merged into `process.env`.
 *
 * The folders exist afterwards; `GIT_CONFIG_GLOBAL` is a file with the person and
 * `init.defaultBranch=main`, free to be appended to.
 */
export function hermeticEnv(dir: string): Env {
  mkdirSync(dir, { recursive: true });
  const folder = (name: string): string => {
    const path = join(dir, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  const gitConfig = join(dir, "gitconfig");
  writeFileSync(
    gitConfig,
    `[user]\n\tname = ${PERSON.name}\n\temail = ${PERSON.email}\n[init]\n\tdefaultBranch = main\n`,
  );
  const home = folder("home");
  return {
    ...passedOn(),
    HOME: home,
    XDG_CONFIG_HOME: folder("config"),
    XDG_DATA_HOME: folder("data"),
    XDG_STATE_HOME: folder("state"),
    XDG_CACHE_HOME: folder("cache"),
    XDG_RUNTIME_DIR: folder("run"),
    TMPDIR: folder("tmp"),
    TMUX_TMPDIR: folder("tmux"),
    GIT_CONFIG_GLOBAL: gitConfig,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: PERSON.name,
    GIT_AUTHOR_EMAIL: PERSON.email,
    GIT_COMMITTER_NAME: PERSON.name,
    GIT_COMMITTER_EMAIL: PERSON.email,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    TERM: "xterm-256color",
    SHELL: "/bin/sh",
    NO_COLOR: "1",
  };
}

function passedOn(): Env {
  const kept: Env = {};
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
