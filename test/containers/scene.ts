import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ContainerBackend } from "@cco/container";
import { ExecaRunner } from "@cco/exec";

import { Scene } from "../e2e/scene.js";
import { testEngine, type EngineName, type TestEngine } from "../support/engines.js";
import type { Env } from "../support/env.js";
import { waitFor } from "../support/wait-for.js";

/** A box of one engine, for one test file. */
export class TestBox {
  readonly engine: TestEngine;
  readonly name = `t${randomBytes(3).toString("hex")}`;
  readonly backend: ContainerBackend;

  constructor(engine: TestEngine) {
    this.engine = engine;
    this.backend = new ContainerBackend({
      runner: new ExecaRunner({ env: this.#env() }),
      engine: engine.name,
      name: this.name,
      ...engine.source,
    });
  }

  static of(name: EngineName): TestBox {
    const engine = testEngine(name);
    if (typeof engine === "string") throw new Error(engine);
    return new TestBox(engine);
  }

  /** Run a shell script in a session's workspace, past cco. @returns stdout */
  inGuest(sessionId: string, script: string): string {
    const keeper = `${this.name}-${sessionId}-keeper`;
    return this.engineRun("exec", keeper, "sh", "-c", `cd /workspace/${sessionId} && ${script}`);
  }

  /** Run the engine. @returns stdout, whether it succeeds or not */
  engineRun(...args: readonly string[]): string {
    return spawnSync(this.engine.name, args, { encoding: "utf8", env: this.#env() }).stdout;
  }

  #env(): Env {
    return { ...this.engine.env, PATH: process.env["PATH"] ?? "" };
  }
}

/** A person's machine whose `cco` is configured for containers. */
export class ContainerScene extends Scene {
  readonly box: TestBox;

  /** @param settings of `backends.container`, over those of the box */
  constructor(box: TestBox, settings: Readonly<Record<string, unknown>> = {}) {
    super();
    this.box = box;
    Object.assign(this.env, box.engine.env);
    this.configure(settings);
  }

  configure(settings: Readonly<Record<string, unknown>>): void {
    const { engine, name } = this.box;
    const container = { engine: engine.name, name, ...engine.source, ...settings };
    const folder = join(this.env["XDG_CONFIG_HOME"] ?? "", "cco");
    mkdirSync(folder, { recursive: true });
    const config = { backend: "container", backends: { container } };
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  }

  override letGo(sessionId: string): void {
    this.box.inGuest(sessionId, "touch go");
  }

  override async untilMade(sessionId: string, path: string): Promise<void> {
    await waitFor(() => this.box.inGuest(sessionId, `[ -e '${path}' ] && echo made`) !== "", {
      what: `${path} in the container`,
      timeoutMs: 60_000,
    });
  }

  override async close(): Promise<void> {
    const ids = (await this.cco(["box", "ls", "--all", "-q"])).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await this.cco(["box", "rm", "--force", ...ids]);
  }
}
