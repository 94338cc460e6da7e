import { CcoError } from "@cco/exec";
import type { Finding } from "@cco/sandbox";

import { exitCodeOf } from "./error-exits.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import type { ToldError } from "./output/talk.js";
import { findingText } from "./print/findings.js";

/** An error as it is shown: to people as two lines, with `--json` as an object. */
export interface ErrorReport extends ToldError {
  readonly code: string;
  readonly exitCode: ExitCode;
  /** Only where nobody expected the error. */
  readonly stack?: string | undefined;
}

/**
 * @param interrupted the exit code of the signal that came, if one did: what fails after it
 *   failed because of it.
 */
export function reportOf(error: unknown, interrupted: ExitCode | undefined): ErrorReport {
  if (interrupted !== undefined) return interruption(interrupted);
  if (error instanceof CcoError) {
    const { code, message, hint } = error as CcoError;
    return { code, message, hint, details: detailsOf(error), exitCode: exitCodeOf(code) };
  }
  const known = error instanceof Error ? error : new Error(String(error));
  return {
    code: "UNEXPECTED",
    message: known.message || known.name,
    hint: "run it again with -v to see where it came from",
    exitCode: EXIT.failed,
    details: [],
    stack: known.stack,
  };
}

/** What intake found, what files are in the way; other errors say it all in their message. */
function detailsOf(error: object): readonly string[] {
  if ("findings" in error && Array.isArray(error.findings)) {
    return (error.findings as readonly Finding[]).map(findingText);
  }
  if ("files" in error && Array.isArray(error.files)) return error.files as readonly string[];
  return [];
}

function interruption(exitCode: ExitCode): ErrorReport {
  const terminated = exitCode === EXIT.terminated;
  return {
    code: terminated ? "TERMINATED" : "INTERRUPTED",
    message: terminated ? "terminated" : "interrupted",
    hint: "run the same command again to go on",
    exitCode,
    details: [],
  };
}
