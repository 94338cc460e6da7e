import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, expect } from "vitest";

import { makeTempDir, TestRepo, hermeticEnv, type Env } from "../support/repo.js";
import { TestTmux } from "../support/tmux.js";
import { waitFor } from "../support/wait-for.js";

/** The built program. */
export const CCO = fileURLToPath(new URL("../../packages/cli/bin/cco.cjs", import.meta.url));
const BUNDLE = fileURLToPath(new URL("../../packages/cli/dist/cco.cjs", import.meta.url));

if (!existsSync(BUNDLE)) throw new Error("packages/cli/dist is not built: pnpm build");

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  /** Default: the repository. */
  readonly cwd?: string;
  readonly env?: Env;
}

/** Keys of a session as `--json` prints it, in order. */
export const SESSION_KEYS = [
  "sessionId",
  "repo",
  "branch",
  "plan",
  "backend",
  "agent",
  "host",
  "box",
  "baseCommit",
  "state",
  "waiting",
  "resumesAt",
  "exitCode",
  "signal",
  "endedBy",
  "reason",
  "createdAt",
  "startedAt",
  "endedAt",
  "pane",
  "command",
  "pulled",
  "result",
  "usage",
];

/** What the tests read of a session. */
export interface SessionJson {
  readonly sessionId: string;
  readonly state: string;
  readonly branch: string;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly pane: string | null;
  readonly pulled: boolean;
  readonly plan: string;
  readonly result: {
    readonly commits: number;
    readonly tip: string;
    readonly ref: string;
    readonly salvaged: boolean;
    readonly findings: readonly { rule: string; tier: string; path: string | null }[];
  } | null;
}

const scenes: Scene[] = [];

afterAll(async () => {
  for (const scene of scenes.splice(0)) await scene.close();
});

/** A person's machine: a home, a repository with one commit, a tmux server, and the built `cco`. */
export class Scene {
  readonly dir: string;
  readonly env: Env;
  readonly repo: TestRepo;
  readonly tmux: TestTmux;

  constructor() {
    this.dir = makeTempDir("e");
    this.env = { ...hermeticEnv(join(this.dir, "env")), CCO_AGENT: "runbook" };
    this.repo = TestRepo.withCommit({ dir: join(this.dir, "app"), env: this.env });
    this.tmux = new TestTmux(this.env);
    scenes.push(this);
  }

  /** Run `cco` to its end. */
  cco(args: readonly string[], settings: RunSettings = {}): Promise<Ran> {
    return this.start(args, settings).ended;
  }

  /** Run `cco` and expect an exit code. @returns stdout without its last newline */
  async ok(args: readonly string[], settings: RunSettings = {}, exitCode = 0): Promise<string> {
    const ran = await this.cco(args, settings);
    const said = `cco ${args.join(" ")}\n${ran.stdout}${ran.stderr}`;
    expect(ran.exitCode, said).toBe(exitCode);
    return ran.stdout.replace(/\n$/, "");
  }

  /** Run `cco … --json` and expect an exit code. @returns the value on stdout */
  async json<T>(args: readonly string[], exitCode = 0, settings: RunSettings = {}): Promise<T> {
    const stdout = await this.ok([...args, "--json"], settings, exitCode);
    return JSON.parse(stdout) as T;
  }

  /** Start `cco`, to be waited for or interrupted. */
  start(args: readonly string[], settings: RunSettings = {}): Started {
    return new Started(args, {
      cwd: settings.cwd ?? this.repo.dir,
      env: { ...this.env, ...settings.env },
    });
  }

  /** Write a runbook beside the repository. @returns its absolute path */
  plan(...blocks: readonly string[]): string {
    const file = join(this.dir, `plan-${String(this.#plans++)}.md`);
    writeFileSync(file, runbook(blocks));
    return file;
  }
  #plans = 0;

  /** Push a plan without a pane. */
  async push(plan: string, ...flags: readonly string[]): Promise<SessionJson> {
    return this.json<SessionJson>(["box", "push", plan, "--no-pane", ...flags]);
  }

  /** A path in a session's workspace: how a test talks to its agent. */
  inGuest(sessionId: string, path: string): string {
    return join(this.env["XDG_DATA_HOME"] ?? "", "cco/guests", sessionId, "workspace", path);
  }

  /** Let an agent go on that waits with {@link untilLet}. */
  letGo(sessionId: string): void {
    writeFileSync(this.inGuest(sessionId, "go"), "");
  }

  /** Wait until an agent has made a file in its workspace. */
  async untilMade(sessionId: string, path: string): Promise<void> {
    await waitFor(() => existsSync(this.inGuest(sessionId, path)), {
      what: `${path} in the guest`,
    });
  }

  /** Push a plan that commits `a` and then does what ends it badly: its commits come back. */
  async failsAfterCommit(block: string, end: object): Promise<void> {
    const { sessionId } = await this.push(this.plan(commitBlock("a"), block));
    await this.failedWithCommit(sessionId, end);
  }

  /** Wait until a session has failed, as `end` says, and pull: its commit `a` comes back. */
  async failedWithCommit(sessionId: string, end: object): Promise<void> {
    await this.ok(["box", "wait", sessionId], {}, 4);
    const [ended] = await this.sessions();
    expect(ended).toMatchObject({ state: "failed", ...end });
    await this.ok(["box", "pull", sessionId], {}, 4);
    this.expectLanded();
  }

  /** Let an agent that waits go on, and pull: its commit `a` comes back. */
  async goesOnAndLands(sessionId: string): Promise<void> {
    const [still] = await this.sessions();
    expect(still?.state).toBe("running");
    this.letGo(sessionId);
    await this.ok(["box", "pull", sessionId]);
    this.expectLanded();
  }

  private expectLanded(): void {
    expect(this.repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  }

  /** Sessions of all repositories as they are now. */
  sessions(): Promise<readonly SessionJson[]> {
    return this.json<readonly SessionJson[]>(["box", "ls", "--all"]);
  }

  /** What a test left running ends. */
  async close(): Promise<void> {
    const guests = join(this.env["XDG_DATA_HOME"] ?? "", "cco/guests");
    // Most tests leave none: nothing is started for those.
    if (!existsSync(guests) || readdirSync(guests).length === 0) return;
    const ids = (await this.cco(["box", "ls", "--all", "-q"])).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await this.cco(["box", "rm", "--force", ...ids]);
  }
}

/** A block that makes a commit. */
export function commitBlock(name: string, content = name): string {
  return `printf '%s\\n' '${content}' >${name}\ngit add ${name}\ngit commit -q -m 'add ${name}'`;
}

/** A block that says it is there and waits for {@link Scene.letGo}; both files are left out of git. */
export const untilLet = [
  "printf 'go\\nhere\\n' >>.git/info/exclude",
  "touch here",
  "until [ -e go ]; do sleep 0.02; done",
].join("\n");

function runbook(blocks: readonly string[]): string {
  return `# A plan\n\n${blocks.map((block) => `\`\`\`sh\n${block}\n\`\`\`\n`).join("\n")}`;
}

/** A running `cco`. */
export class Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;

  constructor(args: readonly string[], options: { readonly cwd: string; readonly env: Env }) {
    const child = spawn(process.execPath, [CCO, ...args], {
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        resolve({ exitCode: code ?? -1, ...output, ...(signal === null ? {} : { signal }) });
      });
    });
  }
}
