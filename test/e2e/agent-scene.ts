import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import type { Answer } from "../model/answers.js";
import type { Dialect } from "../model/dialect.js";
import type { ModelServer } from "../model/model-server.js";
import { scripted } from "../model/scripted.js";
import { TestRepo } from "../support/repo.js";
import { waitFor } from "../support/wait-for.js";
import { Scene, type SessionJson } from "./scene.js";

/** Where each scene's plan is. */
export const PLAN = "docs/plan.md";

/** What the tests read of a session of a real agent. */
export interface AgentSession extends SessionJson {
  readonly waiting: string | null;
  readonly resumesAt: string | null;
  readonly endedBy: string | null;
  readonly signal: string | null;
  readonly usage: {
    readonly turns: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly costUsd: number;
  } | null;
}

/** An installed agent, and how it talks. */
export interface RealAgent<Body> {
  /** Its profile's. */
  readonly name: string;
  /** Folder with its program in it. */
  readonly bin: string;
  readonly dialect: Dialect<Body>;
}

/** A person's machine with a real agent and a key for a scripted model. */
export class AgentScene<Body> {
  readonly scene: Scene;
  readonly model: ModelServer<Body>;

  private constructor(scene: Scene, model: ModelServer<Body>) {
    this.scene = scene;
    this.model = model;
  }

  /** Call it in a test: all of it ends with the test. */
  static async open<Body>(
    { name, bin, dialect }: RealAgent<Body>,
    script: readonly Answer[],
  ): Promise<AgentScene<Body>> {
    const model = await scripted(script, dialect);
    const scene = new Scene();
    onTestFinished(() => scene.close());
    Object.assign(scene.env, model.env, {
      CCO_AGENT: name,
      PATH: `${bin}:${scene.env["PATH"] ?? ""}`,
    });
    scene.repo.commit({ [PLAN]: "# A plan\n\nDo what the model says.\n" }, "plan");
    return new AgentScene(scene, model);
  }

  /** Push the plan without a pane. */
  async headless(...flags: readonly string[]): Promise<AgentSession> {
    const args = ["box", "push", PLAN, "--no-pane", ...flags];
    return this.scene.json<AgentSession>(args);
  }

  /** A workspace for `feat/x`, and the plan pushed from there into a pane of its window. */
  async interactive(...flags: readonly string[]): Promise<InPane> {
    const { worktree } = await this.scene.json<{ worktree: string }>([
      ...["add", "feat/x", "--no-agent"],
    ]);
    const session = await this.scene.json<AgentSession>(["box", "push", PLAN, ...flags], 0, {
      cwd: worktree,
    });
    return new InPane(this.scene, new TestRepo(worktree, this.scene.env), session);
  }

  /** The session as `cco box ls` shows it now. */
  async now(sessionId: string): Promise<AgentSession> {
    const all = await this.scene.json<readonly AgentSession[]>(["box", "ls", "--all"]);
    const found = all.find((session) => session.sessionId === sessionId);
    if (found === undefined) throw new Error(`no session ${sessionId}`);
    return found;
  }

  /** Wait until the session is as `expected`. */
  async until(sessionId: string, expected: Partial<AgentSession>): Promise<AgentSession> {
    return waitFor(
      async () => {
        const session = await this.now(sessionId);
        const entries = Object.entries(expected) as [keyof AgentSession, unknown][];
        if (entries.every(([key, value]) => session[key] === value)) return session;
        throw new Error(JSON.stringify(session));
      },
      { what: JSON.stringify(expected), timeoutMs: 120_000 },
    );
  }

  /** `cco box wait --json`, and its exit code. */
  async wait(sessionId: string, exitCode = 0): Promise<AgentSession> {
    return this.scene.json<AgentSession>(["box", "wait", sessionId, "--timeout", "90s"], exitCode);
  }

  /** `cco box pull --json`, and its exit code. */
  async pull(sessionId: string, exitCode = 0): Promise<AgentSession> {
    return this.scene.json<AgentSession>(["box", "pull", sessionId], exitCode);
  }

  logs(sessionId: string): Promise<string> {
    return this.scene.ok(["box", "logs", sessionId]);
  }
}

/** A session that is shown in a pane of its branch's window. */
export class InPane {
  readonly #scene: Scene;
  readonly worktree: TestRepo;
  readonly session: AgentSession;
  readonly id: string;

  constructor(scene: Scene, worktree: TestRepo, session: AgentSession) {
    this.#scene = scene;
    this.worktree = worktree;
    this.session = session;
    this.id = session.sessionId;
  }

  /** Wait until the pane shows a text. @returns the screen */
  async shows(text: string): Promise<string> {
    return waitFor(
      () => {
        const screen = this.#scene.tmux.screen(this.session.pane ?? "");
        // A narrow pane breaks lines.
        if (!screen.replaceAll(/\s+/g, " ").includes(text)) throw new Error(screen);
        return screen;
      },
      { what: JSON.stringify(text), timeoutMs: 120_000 },
    );
  }

  /** Move a list's mark to the next line that holds `text`, and take it. */
  async chooses(text: string): Promise<void> {
    const { tmux } = this.#scene;
    const pane = this.session.pane ?? "";
    const lines = (): readonly string[] => tmux.screen(pane).split("\n");
    const isMarked = (line: string): boolean => /^ *❯/.test(line) && line.includes(text);
    if (!lines().some(isMarked)) {
      const marked = lines().findLastIndex((line) => /^ *❯/.test(line));
      const wanted = lines().findLastIndex((line) => line.includes(text));
      tmux.run("send-keys", "-t", pane, wanted < marked ? "Up" : "Down");
      await waitFor(() => lines().some(isMarked), { what: `the mark on ${text}` });
    }
    tmux.run("send-keys", "-t", pane, "Enter");
  }

  get isOpen(): boolean {
    return this.#scene.tmux.panes().includes(this.session.pane ?? "");
  }
}

/** Subjects of the commits after the plan's, newest first. */
export function subjects(repo: TestRepo, branch = "HEAD"): readonly string[] {
  const all = repo.git("log", "--format=%s", branch).split("\n");
  return all.slice(0, all.indexOf("plan"));
}

/** Each file below a folder, with its content. What goes away meanwhile (a collect's work) is left out. */
export function* filesUnder(dir: string): Generator<readonly [string, Buffer]> {
  for (const entry of unlessGone(() => readdirSync(dir, { withFileTypes: true })) ?? []) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    const content = entry.isFile() ? unlessGone(() => readFileSync(path)) : undefined;
    if (content !== undefined) yield [path, content];
  }
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
