import { gitFailed, type Git } from "./git.js";
import { parseNul } from "./parse.js";

/** The repository's own configuration file, which all its worktrees share. */
export class LocalConfig {
  readonly #git: Git;

  constructor(git: Git) {
    this.#git = git;
  }

  /** The (last) value of `key`, or `null` when it is not set there. */
  async get(key: string): Promise<string | null> {
    const args = ["config", "--local", "-z", "--get", key];
    const result = await this.#git.run(args);
    if (result.exitCode > 1) throw gitFailed(args, result);
    return result.exitCode === 0 ? (parseNul(result.stdout)[0] ?? "") : null;
  }

  /** Set `key` to one value, whatever it had. */
  async set(key: string, value: string): Promise<void> {
    await this.#git.text(["config", "--local", "--replace-all", key, value]);
  }

  /** Remove `key`. @returns `false` when it was not set */
  async unset(key: string): Promise<boolean> {
    const args = ["config", "--local", "--unset-all", key];
    const result = await this.#git.run(args);
    if (result.exitCode !== 0 && result.exitCode !== 5) throw gitFailed(args, result);
    return result.exitCode === 0;
  }

  /** All of a section (`cco`), keys as git normalises them: section and name in lower case. */
  async list(section: string): Promise<Map<string, string>> {
    const pattern = `^${section.toLowerCase().replaceAll(".", "\\.")}\\.`;
    const args = ["config", "--local", "-z", "--get-regexp", pattern];
    const result = await this.#git.run(args);
    if (result.exitCode > 1) throw gitFailed(args, result);
    return new Map(
      parseNul(result.stdout).map((entry) => {
        const [key = "", ...value] = entry.split("\n");
        return [key, value.join("\n")];
      }),
    );
  }
}

/** A person as commits name them. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

/** Who commits where nobody is configured. `collect.sh` has the same in a guest. */
export const NOBODY: Identity = { name: "cco", email: "cco@localhost" };

/** The author git would use here, or `null` when none is configured. */
export async function identity(git: Git): Promise<Identity | null> {
  const guessing = git.with({ config: { "user.useConfigOnly": "true" } });
  const result = await guessing.run(["var", "GIT_AUTHOR_IDENT"]);
  const found = /^(.*) <(.*)> \d+ [-+]\d{4}\n?$/.exec(result.stdout.toString("utf8"));
  const [, name, email] = found ?? [];
  if (result.exitCode !== 0 || name === undefined || email === undefined) return null;
  return { name, email };
}
