import type { CommandRunner, RunOptions, RunResult } from "./runner.js";

export interface TracedRun {
  readonly argv: readonly string[];
  /** Whole milliseconds from start to end. */
  readonly durationMs: number;
  /** `null` where the program gave none. */
  readonly exitCode: number | null;
}

/** A runner that reports each program that `runner` ran, after its end. */
export function traceRunner(
  runner: CommandRunner,
  report: (run: TracedRun) => void,
): CommandRunner {
  return {
    async run(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
      const start = performance.now();
      let exitCode: number | null = null;
      try {
        const result = await runner.run(argv, options);
        exitCode = result.exitCode;
        return result;
      } finally {
        report({ argv, durationMs: Math.round(performance.now() - start), exitCode });
      }
    },
    hostArgv: (argv, options) => runner.hostArgv(argv, options),
  };
}
