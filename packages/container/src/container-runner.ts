import { randomBytes } from "node:crypto";

import { RunError, type CommandRunner, type RunOptions, type RunResult } from "@cco/exec";

import { NOT_RUNNING, type Engine } from "./engines.js";

/** TOKEN CWD ARGV…: once the guest is made. `env` tells a program that is not there (127). */
const RUN = `until [ -f /cco/ready ]; do sleep 0.02; done
cd -- "$1" || exit 126
shift
exec env "$@"`;

/** TOKEN: KILL to every process that was given it, and to what they started meanwhile. */
const KILL = `while found=$(grep -slF "CCO_EXEC=$1" /proc/[0-9]*/environ) && [ -n "$found" ]; do
  for file in $found; do
    process=\${file#/proc/}
    kill -KILL "\${process%/environ}"
  done
  sleep 0.02
done 2>/dev/null`;

export interface ContainerRunnerOptions {
  readonly runner: CommandRunner;
  readonly engine: Engine;
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
    try {
      const result = await this.#options.runner.run(program, rest);
      if (!this.#stopped(result) || !isRepeatable(rest.stdin)) return result;
      const started = await this.#start();
      if (started.exitCode === 0) return await this.#options.runner.run(program, rest);
      return { ...result, stderr: `${result.stderr.trim()}; ${started.stderr.trim()}` };
    } catch (error) {
      // The program may go on without its client.
      if (error instanceof RunError && error.code !== "COMMAND_NOT_FOUND") await this.#kill(token);
      throw error;
    }
  }

  hostArgv(argv: readonly string[], options: { readonly tty?: boolean } = {}): readonly string[] {
    const flags = options.tty === true ? ["--interactive", "--tty"] : ["--interactive"];
    return this.#options.runner.hostArgv(this.#argv(flags, {}, argv), options);
  }

  #argv(
    flags: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    argv: readonly string[],
  ): readonly string[] {
    const { engine, container } = this.#options;
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : ["--env", `${name}=${value}`],
    );
    return [engine.program, "exec", ...flags, ...variables, container, ...argv];
  }

  #stopped({ exitCode, stderr }: RunResult): boolean {
    return this.#options.startable && exitCode !== 0 && NOT_RUNNING.test(stderr);
  }

  #start(): Promise<RunResult> {
    const { runner, engine, container } = this.#options;
    return runner.run([engine.program, "start", container]);
  }

  async #kill(token: string): Promise<void> {
    const argv = this.#argv([], {}, ["sh", "-c", KILL, "kill", token]);
    await this.#options.runner.run(argv).catch(() => undefined);
  }
}

/** A stream that was read from cannot be given a second time. */
function isRepeatable(stdin: RunOptions["stdin"]): boolean {
  return stdin === undefined || typeof stdin === "string" || stdin instanceof Uint8Array;
}
