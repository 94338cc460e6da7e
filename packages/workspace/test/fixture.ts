import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { Repo } from "@cco/git";
import { afterEach } from "vitest";

import { hermeticEnv, makeTempDir, TestRepo, type Env } from "../../../test/support/repo.js";
import {
  Workspaces,
  type WorkspaceEvent,
  type WorkspaceSession,
  type WorkspacesOptions,
} from "../src/index.js";

const started: Env[] = [];

afterEach(() => {
  for (const env of started.splice(0)) {
    spawnSync("tmux", ["-L", "cco", "kill-server"], { env, stdio: "ignore" });
  }
});

/** A repository, and workspaces with a private tmux server and private folders. */
export class Fixture {
  readonly dir: string;
  readonly env: Env;
  readonly runner: ExecaRunner;
  readonly git: TestRepo;
  readonly events: WorkspaceEvent[] = [];
  sessions: WorkspaceSession[] = [];

  constructor(options: { name?: string; files?: Record<string, string> } = {}) {
    this.dir = makeTempDir();
    this.env = hermeticEnv(join(this.dir, "e"));
    started.push(this.env);
    this.runner = new ExecaRunner({ env: this.env });
    this.git = TestRepo.init({ dir: join(this.dir, options.name ?? "api"), env: this.env });
    this.git.commit({ "README.md": "# sample\n", ...options.files }, "first");
  }

  repo(dir: string = this.git.dir): Promise<Repo> {
    return Repo.open(this.runner, dir);
  }

  workspaces(options: Partial<WorkspacesOptions> = {}): Workspaces {
    return new Workspaces({
      runner: this.runner,
      env: this.env,
      sessions: () => Promise.resolve(this.sessions),
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Folder of the worktrees. */
  worktrees(...parts: string[]): string {
    return join(this.env["XDG_DATA_HOME"] ?? "", "cco/worktrees", ...parts);
  }

  /** Run tmux on the private server. @returns trimmed stdout; `""` when it fails */
  tmux(...args: string[]): string {
    const argv = ["-u", "-L", "cco", ...args];
    return spawnSync("tmux", argv, { env: this.env, encoding: "utf8" }).stdout.trimEnd();
  }

  /** `session:name` of every window. */
  windows(): string[] {
    return this.tmux("list-windows", "-a", "-F", "#{session_name}:#{window_name}").split("\n");
  }
}

/** Wait until `question` says yes; the test's own time limit ends it. */
export async function until(question: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await question())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A session of the branch `x`. */
export function session(f: Fixture, state: string, pulled = false): WorkspaceSession {
  return { sessionId: "7f3a9c21", repo: f.git.dir, branch: "x", state, pulled };
}

/** A workspace of the branch `x`. */
export async function withWorkspace(f: Fixture = new Fixture()) {
  const w = f.workspaces();
  const made = await w.add(await f.repo(), "x");
  return {
    f,
    w,
    worktree: made.worktree,
    git: new TestRepo(made.worktree, f.env),
    repo: await f.repo(),
  };
}

/**
 * A terminal that runs `argv`.
 *
 * @param shown file that gets all that the terminal was sent.
 * @returns its end
 */
export function attached(
  f: Fixture,
  argv: readonly string[],
  shown = "/dev/null",
): Promise<unknown> {
  const command = argv.map((each) => `'${each}'`).join(" ");
  const child = spawn("script", ["-qfc", command, shown], { env: f.env, stdio: "pipe" });
  return new Promise((resolve) => child.once("exit", resolve));
}
