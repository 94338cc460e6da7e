import { randomBytes } from "node:crypto";
import { Readable, Writable } from "node:stream";

import { BackendError } from "@cco/backend";
import { RunError, type CommandRunner, type RunOptions, type RunResult } from "@cco/exec";

import { saidBy, type EngineClient } from "./engine-client.js";
import { NO_SUCH_CONTAINER, NOT_RUNNING } from "./engines.js";

/** CWD ARGV…: once the guest is made. `env` tells a program that is not there (127). */
const RUN = `until [ -f /cco/ready ]; do sleep 0.02; done
cd -- "$1" || exit 126
shift
exec env "$@"`;

/** TOKEN: KILL to every process that was given it, and to what they started meanwhile. */
const KILL = `turns=0
while [ "$turns" -lt 500 ] && found=$(grep -slF "CCO_EXEC=$1" /proc/[0-9]*/environ) && [ -n "$found" ]; do
  turns=$((turns + 1))
  for file in $found; do
    process=\${file#/proc/}
    kill -KILL "\${process%/environ}"
  done
  sleep 0.02
done 2>/dev/null`;

/** Longest time for that: a guest may start processes faster than they are ended. */
const KILL_MS = 30_000;

export interface ContainerRunnerOptions {
  readonly client: EngineClient;
  /** The container's name. */
  readonly container: string;
  /** Where programs run. Default `/`. */
  readonly cwd?: string;
  /** It may be started when it does not run. */
  readonly startable: boolean;
}

/**
 * Runs programs in a container, through the engine's `exec`. The engine leaves a program alone
 * whose client is gone: one that is given up is ended here, with all it started.
 */
export class ContainerRunner implements CommandRunner {
  readonly #options: ContainerRunnerOptions;

  constructor(options: ContainerRunnerOptions) {
    this.#options = options;
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { cwd, env, ...rest } = options;
    const token = randomBytes(8).toString("hex");
    const program = this.#argv(["--interactive"], { ...env, CCO_EXEC: token }, [
      ...["sh", "-c", RUN, "cco", cwd ?? this.#options.cwd ?? "/"],
      ...argv,
    ]);
    const { runner } = this.#options.client;
    try {
      const result = await runner.run(program, rest);
      if (!(await this.#mayStart(result)) || !isRepeatable(rest)) return result;
      const started = await this.#options.client.ask(["start", this.#options.container]);
      if (started.exitCode === 0) return await runner.run(program, rest);
      return { ...result, stderr: `${result.stderr.trim()}; ${started.stderr.trim()}` };
    } catch (error) {
      // The program may go on without its client.
      if (error instanceof RunError && error.code !== "COMMAND_NOT_FOUND") await this.#kill(token);
      throw error;
    }
  }

  hostArgv(argv: readonly string[], options: { readonly tty?: boolean } = {}): readonly string[] {
    const flags = options.tty === true ? ["--interactive", "--tty"] : ["--interactive"];
    return this.#options.client.runner.hostArgv(this.#argv(flags, {}, argv), options);
  }

  #argv(
    flags: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    argv: readonly string[],
  ): readonly string[] {
    const { client, container } = this.#options;
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : ["--env", `${name}=${value}`],
    );
    return [client.engine.program, "exec", ...flags, ...variables, container, ...argv];
  }

  /**
   * Whether the program was not run for want of a running container, which may be started. The words
   * that say so may be the program's own: the engine is asked.
   *
   * @throws {BackendError} there is no such container any more.
   */
  async #mayStart(result: RunResult): Promise<boolean> {
    const { client, container, startable } = this.#options;
    const { exitCode, stderr } = result;
    if (exitCode === 0 || !(NOT_RUNNING.test(stderr) || NO_SUCH_CONTAINER.test(stderr)))
      return false;
    const asked = await client.ask([
      "container",
      "inspect",
      "--format",
      "{{.State.Running}}",
      container,
    ]);
    if (asked.exitCode === 0) return startable && asked.stdout.toString().trim() === "false";
    throw new BackendError("BACKEND_FAILED", `${container} is gone: ${saidBy(asked)}`);
  }

  async #kill(token: string): Promise<void> {
    const argv = this.#argv([], {}, ["sh", "-c", KILL, "kill", token]);
    const { runner } = this.#options.client;
    await runner.run(argv, { timeoutMs: KILL_MS }).catch(() => undefined);
  }
}

/** A stream that was read from, or was ended, cannot be given a second time. */
function isRepeatable({ stdin, stdout }: RunOptions): boolean {
  return !(stdin instanceof Readable) && !(stdout instanceof Writable);
}
