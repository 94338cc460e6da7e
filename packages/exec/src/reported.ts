import { randomBytes } from "node:crypto";
import { Transform, type Writable } from "node:stream";

import { RunError } from "./errors.js";
import type { RunOptions, RunResult } from "./runner.js";

/** How programs are run in another machine, without a promise about their exit codes. */
export interface RemoteLink {
  /**
   * Run `argv` there, each word as it is. The exit code may be the program's or the transport's
   * own. `cwd` and `env` are never in `options`.
   */
  run(argv: readonly string[], options: RunOptions): Promise<RunResult>;
  /** The error for a run whose end was not reported: the connection or the transport failed. */
  lost(argv: readonly string[], result: RunResult): Promise<Error> | Error;
}

/**
 * `$0` token, folder or nothing, `NAME=value` or `NAME` to unset …, `--`, argv. Reports on stderr
 * how argv ended: its exit code, `folder` or `missing` where it was not run. The shell's own words
 * (`Killed`) are no part of the program's stderr.
 */
const RUN = `cco_d=$1; shift
while [ "$1" != -- ]; do case $1 in *=*) export "$1" ;; *) unset "$1" ;; esac; shift; done; shift
exec 3>&2 2>/dev/null
cco_r() { echo "$0 $1" >&3; exit "$2"; }
[ -z "$cco_d" ] || cd -- "$cco_d" || cco_r folder 127
command -v "$1" >/dev/null || cco_r missing 127
(exec "$@" 2>&3 3>&-); cco_c=$?
cco_r "$cco_c" "$cco_c"`;

/**
 * Two halves of a token, so that this script is not itself what it looks for: TERM to the process
 * group of the run with that token, KILL after five seconds, to what it started in a session of its
 * own too: bubblewrap that is killed while it sets up leaves its sandbox running
 * (`--die-with-parent` comes last). Nothing is stopped meanwhile: what started it (nsenter, sudo) would
 * stop with it, and nobody let that go on.
 */
const END = `cco_tree() {
  all=$(cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\\([0-9]*\\) (.*) [A-Za-z] \\([0-9]*\\) .*/\\1 \\2/p')
  tree=" $1 " before=
  while [ "$tree" != "$before" ]; do
    before=$tree
    while read -r pid parent; do
      case $tree in *" $pid "*) continue ;; esac
      case $tree in *" $parent "*) tree="$tree$pid " ;; esac
    done <<ALL
$all
ALL
  done
}
cco_gone() {
  while kill -0 "$1" 2>/dev/null && [ "$turns" -lt 100 ]; do
    turns=$((turns + 1)); sleep 0.05 2>/dev/null || sleep 1
  done
}
for f in $(printf '%s%s\\n' "$1" "$2" | grep -lszxF -f - /proc/[0-9]*/cmdline); do
  read -r line <"\${f%/*}/stat" 2>/dev/null || continue
  set -- \${line##*) }
  [ "$3" -gt 1 ] || continue
  cco_tree "\${line%% *}"
  kill -TERM "-$3" 2>/dev/null
  turns=0
  cco_gone "-$3"
  kill -KILL "-$3" 2>/dev/null
  kill -KILL $tree 2>/dev/null
  turns=0
  for pid in $tree; do cco_gone "$pid"; done
done; :`;

/** Long enough for {@link END} on a slow machine; a link that is gone must not hold anybody. */
const END_MS = 20_000;

/**
 * Run a program in another machine as `CommandRunner.run` promises it: the exit code is the
 * program's own, reported from there; a program that is not there, and a folder that is not, is
 * `COMMAND_NOT_FOUND`; at a time limit or an abort the program over there is ended too.
 *
 * With a stream of `"inherit"` a person is at it: it is run as it is, on whatever terminal there
 * is, and the exit code is the transport's.
 *
 * @throws {RunError} as a runner does; else what `link.lost` gives.
 */
export async function runReported(
  link: RemoteLink,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  if (argv.length === 0) throw new TypeError("argv is empty");
  const { cwd, env, ...rest } = options;
  const token = `cco-${randomBytes(12).toString("hex")}`;
  const wrapped = ["sh", "-c", RUN, token, cwd ?? "", ...variables(env), "--", ...argv];
  if ([rest.stdin, rest.stdout, rest.stderr].includes("inherit")) {
    const plain = cwd === undefined && env === undefined;
    return link.run(plain ? argv : wrapped, rest);
  }
  const report = new Report(token, typeof rest.stderr === "object" ? rest.stderr : undefined);
  let result: RunResult;
  try {
    result = await link.run(wrapped, {
      ...rest,
      stderr: report.sink ?? "buffer",
    });
  } catch (error) {
    if (error instanceof RunError && mayRun(error)) await end(link, token);
    throw renamed(error, argv);
  }
  const { outcome, stderr } = report.take(result.stderr);
  const kept = { ...result, stderr: rest.stderr === "ignore" ? "" : stderr };
  if (outcome === undefined) throw await link.lost(argv, kept);
  if (outcome === "missing" || outcome === "folder") {
    const what = outcome === "missing" ? argv[0] : cwd;
    throw new RunError("COMMAND_NOT_FOUND", argv, `${what ?? ""}: not found there`);
  }
  return { ...kept, exitCode: Number(outcome), signal: null };
}

function variables(env: RunOptions["env"]): readonly string[] {
  return Object.entries(env ?? {}).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not a variable: ${name}`);
    return value === undefined ? name : `${name}=${value}`;
  });
}

/** Where the transport itself was not started, nothing is there to be ended. */
function mayRun({ code }: RunError): boolean {
  return code !== "COMMAND_NOT_FOUND" && code !== "COMMAND_NOT_STARTED";
}

async function end(link: RemoteLink, token: string): Promise<void> {
  const half = Math.floor(token.length / 2);
  const argv = ["sh", "-c", END, "end", token.slice(0, half), token.slice(half)];
  await link.run(argv, { timeoutMs: END_MS }).catch(() => undefined);
}

/** The person asked for `argv`, not for what carries it. */
function renamed(error: unknown, argv: readonly string[]): unknown {
  if (!(error instanceof RunError) || error.code === "COMMAND_NOT_FOUND") return error;
  const message = error.message.replace(/^[^:]*/, argv[0] ?? "");
  return new RunError(error.code, argv, message, { hint: error.hint, cause: error.cause });
}

/** Takes the report out of stderr, wherever it stands. */
class Report {
  readonly sink: Transform | undefined;
  readonly #pattern: RegExp;
  readonly #longest: number;
  #outcome: string | undefined;

  constructor(token: string, target: Writable | undefined) {
    this.#pattern = new RegExp(`${token} (\\d{1,3}|missing|folder)\\n`);
    this.#longest = token.length + " missing\n".length;
    if (target !== undefined) this.sink = this.#filter(target);
  }

  take(stderr: string): { outcome: string | undefined; stderr: string } {
    const rest = this.#without(stderr);
    return { outcome: this.#outcome, stderr: rest };
  }

  #without(text: string): string {
    const found = this.#pattern.exec(text);
    if (found === null) return text;
    this.#outcome = found[1];
    return text.slice(0, found.index) + text.slice(found.index + found[0].length);
  }

  /** Keeps back as many bytes as a report has, until more came. */
  #filter(target: Writable): Transform {
    let held = "";
    const hold = (chunk: string, keep: number): Buffer => {
      const text = this.#without(held + chunk);
      const passed = Math.max(0, text.length - keep);
      held = text.slice(passed);
      return Buffer.from(text.slice(0, passed), "latin1");
    };
    const filter = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        done(null, hold(chunk.toString("latin1"), this.#longest));
      },
      flush: (done) => {
        done(null, hold("", 0));
      },
    });
    filter.pipe(target);
    target.on("error", (error: Error) => filter.destroy(error));
    return filter;
  }
}
