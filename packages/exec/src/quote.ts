import { join } from "shlex";

/**
 * One POSIX shell command line that a shell splits back into exactly `argv`.
 *
 * For showing a command and for handing one to a remote shell; on this machine
 * programs are started by argv, never by a line.
 */
export function quoteArgv(argv: readonly string[]): string {
  return join([...argv]);
}
