import { CommanderError } from "commander";

import { Parts } from "./compose.js";
import type { CommandResult, Context } from "./context.js";
import { reportOf } from "./error-report.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import type { Globals } from "./globals.js";
import { printError, printResult } from "./output/print.js";
import { flushed, processStreams } from "./output/streams.js";
import { Talk } from "./output/talk.js";
import { createProgram } from "./program.js";
import { Signals } from "./signals.js";

/** Run one command line and end the process with its exit code. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const signals = new Signals();
  const readerGone = new AbortController();
  const streams = processStreams(() => {
    readerGone.abort();
  });
  let globals = guessGlobals(argv);
  let exitCode: ExitCode = EXIT.done;

  const run = async (
    given: Globals,
    work: (context: Context) => Promise<CommandResult>,
  ): Promise<void> => {
    globals = given;
    const talk = new Talk(streams, globals);
    const parts = new Parts({
      globals,
      talk,
      env: process.env,
      cwd: process.cwd(),
      terminal: streams.stdin.isTTY === true && streams.stderr.isTTY === true,
    });
    const context: Context = {
      globals,
      streams,
      talk,
      signals,
      signal: signals.signal,
      readerGone: readerGone.signal,
      env: process.env,
      cwd: process.cwd(),
      parts,
    };
    try {
      const result = await work(context);
      talk.done();
      exitCode = result.exitCode ?? EXIT.done;
      printResult(result, globals, streams);
    } finally {
      talk.done();
    }
  };

  try {
    await createProgram(version, run).parseAsync([...argv], { from: "user" });
  } catch (error) {
    exitCode = failed(error);
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(exitCode);

  function failed(error: unknown): ExitCode {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    // Help instead of a command: commander has printed it.
    if (error instanceof CommanderError && error.code === "commander.help") return EXIT.usage;
    if (readerGone.signal.aborted && signals.exitCode === undefined) return EXIT.done;
    const report = reportOf(error, signals.exitCode);
    printError(report, globals, streams);
    return report.exitCode;
  }
}

/** The flags that printing needs, for a command line that could not be parsed. */
function guessGlobals(argv: readonly string[]): Globals {
  const end = argv.indexOf("--");
  const flags = end === -1 ? argv : argv.slice(0, end);
  return {
    json: flags.includes("--json"),
    quiet: false,
    verbose: flags.includes("-v") || flags.includes("--verbose"),
    color: !flags.includes("--no-color"),
    repo: process.cwd(),
  };
}
