import { BackendError } from "@cco/backend";
import type { CommandRunner, RunOptions, RunResult } from "@cco/exec";

import type { Engine } from "./engines.js";

/** One engine's program, in whatever place the runner reaches. */
export class EngineClient {
  readonly runner: CommandRunner;
  readonly engine: Engine;

  constructor(runner: CommandRunner, engine: Engine) {
    this.runner = runner;
    this.engine = engine;
  }

  /** What the engine says to `args`, be it yes or no. */
  ask(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.runner.run([this.engine.program, ...args], options);
  }

  /**
   * @param what it is for, in words.
   * @throws {BackendError} as {@link failed}, where the engine says no.
   */
  async run(what: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const result = await this.ask(args, options);
    if (result.exitCode !== 0) throw this.failed(what, result);
    return result;
  }

  /** `BOX_BROKEN` where its service does not answer, else `BACKEND_FAILED`, in the engine's words. */
  failed(what: string, result: RunResult): BackendError {
    const { name, start, unreachable } = this.engine;
    const said = saidBy(result);
    if (unreachable.test(said)) {
      return new BackendError("BOX_BROKEN", `${name} does not answer: ${said}`, { hint: start });
    }
    return new BackendError("BACKEND_FAILED", `${name}: ${what}: ${said}`);
  }
}

export function saidBy({ stderr, exitCode }: RunResult): string {
  return stderr.trim() || `exit code ${exitCode}`;
}
