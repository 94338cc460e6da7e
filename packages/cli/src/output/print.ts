import type { CommandResult } from "../context.js";
import type { ErrorReport } from "../error-report.js";
import type { Globals } from "../globals.js";
import type { Streams } from "./streams.js";
import { paintFor, Talk } from "./talk.js";

/** The result to stdout: one JSON value, the ids, or the text for people. */
export function printResult(result: CommandResult, globals: Globals, streams: Streams): void {
  if (globals.json) {
    if (result.json !== undefined) writeJson(result.json, streams);
    return;
  }
  const text =
    globals.quiet && result.ids !== undefined
      ? result.ids.join("\n")
      : result.text(paintFor(streams.stdout, globals.color));
  if (text !== "") streams.stdout.write(`${streams.hide(text)}\n`);
}

/** An error: two lines on stderr, or with `--json` an object on stdout. */
export function printError(report: ErrorReport, globals: Globals, streams: Streams): void {
  const talk = new Talk(streams, globals);
  if (globals.json) {
    const { code, message, hint } = report;
    writeJson({ error: { code, message, hint: hint ?? null } }, streams);
  } else {
    talk.error(report);
  }
  if (globals.verbose && report.stack !== undefined) {
    streams.stderr.write(`${streams.hide(report.stack)}\n`);
  }
}

function writeJson(value: unknown, streams: Streams): void {
  streams.stdout.write(`${streams.hide(JSON.stringify(value, null, 2))}\n`);
}
