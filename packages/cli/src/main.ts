import { isatty } from "node:tty";

import type { Asked } from "./command-line/parse.js";
import { CCO } from "./commands.js";
import { Parts } from "./compose.js";
import { userConfigFile } from "./config/files.js";
import type { Context } from "./context.js";
import { wordsToComplete } from "./declare/completion.js";
import { reportOf, type ErrorReport } from "./error-report.js";
import { CliError } from "./errors.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import type { Globals } from "./globals.js";
import { redactor } from "./output/redact.js";
import { printError, printResult } from "./output/print.js";
import { flushed, processStreams } from "./output/streams.js";
import { Talk } from "./output/talk.js";
import { Signals } from "./signals.js";

/** Run one command line and end the process with its exit code. */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const folderGone = leaveGoneFolder();
  const signals = new Signals();
  const readerGone = new AbortController();
  const hide = redactor(process.env, () => userConfigFile(process.env, process.cwd()));
  let unwritten: NodeJS.ErrnoException | undefined;
  const streams = processStreams(
    {
      onClosed: () => {
        readerGone.abort();
      },
      onFailed: (error) => {
        unwritten ??= error;
      },
    },
    hide,
  );
  let globals = guessGlobals(argv);
  let exitCode: ExitCode = EXIT.done;

  try {
    exitCode = await answer();
  } catch (error) {
    exitCode = failed(error);
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  if (unwritten !== undefined) {
    printError(outputFailed(unwritten), { ...globals, json: false }, streams);
    await flushed(process.stderr);
  }
  process.exit(unwritten === undefined || exitCode !== EXIT.done ? exitCode : EXIT.failed);

  async function answer(): Promise<ExitCode> {
    const asked = await read(argv);
    if (asked.what === "version") {
      streams.stdout.write(`${version}\n`);
      return EXIT.done;
    }
    if (asked.what === "help") {
      (asked.wrong ? streams.stderr : streams.stdout).write(`${asked.text}\n`);
      return asked.wrong ? EXIT.usage : EXIT.done;
    }
    globals = asked.globals;
    const context = contextOf(globals);
    if (folderGone) context.talk.note("the current folder is gone: going on in /");
    try {
      const result = await asked.work(context);
      context.talk.done();
      printResult(result, globals, streams);
      return result.exitCode ?? EXIT.done;
    } finally {
      context.talk.done();
    }
  }

  function contextOf(globals: Globals): Context {
    const talk = new Talk(streams, globals);
    return {
      globals,
      streams,
      talk,
      signals,
      signal: signals.signal,
      readerGone: readerGone.signal,
      env: process.env,
      cwd: process.cwd(),
      parts: new Parts({
        globals,
        talk,
        env: process.env,
        cwd: process.cwd(),
        terminal: isatty(0) && isatty(2),
      }),
    };
  }

  function failed(error: unknown): ExitCode {
    if (readerGone.signal.aborted && signals.exitCode === undefined) return EXIT.done;
    const report = reportOf(error, signals.exitCode);
    printError(report, globals, streams);
    return report.exitCode;
  }
}

function outputFailed(error: NodeJS.ErrnoException): ErrorReport {
  const message = `cannot write to stdout: ${error.code ?? error.message}`;
  const hint = "the command itself went on; see what it made with 'cco ls' and 'cco box ls'";
  return reportOf(new CliError("OUTPUT_FAILED", message, { hint }), undefined);
}

/** A shell may stand in a worktree that was removed. @returns whether this process did */
function leaveGoneFolder(): boolean {
  try {
    process.cwd();
    return false;
  } catch {
    process.chdir("/");
    return true;
  }
}

/** Words to complete are asked for at each press of a key: the parser is not loaded for them. */
async function read(argv: readonly string[]): Promise<Asked> {
  const words = wordsToComplete(argv);
  if (words !== undefined) {
    const { complete } = await import("./commands/complete.js");
    const work = (context: Context) => complete(context, CCO, words);
    return { what: "command", globals: guessGlobals([]), work };
  }
  const { parseCommandLine } = await import("./command-line/parse.js");
  return parseCommandLine(argv, CCO);
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
