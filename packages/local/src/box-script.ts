import { quoteArgv } from "@cco/exec";

export interface BoxScriptOptions {
  /** bubblewrap for the agent, up to the `--` that is not there yet. */
  readonly agent: readonly string[];
  /** `insideScript`, after what has to run before it in the sandbox. */
  readonly inside: string;
  /** bubblewrap and program of the step after the end. */
  readonly after?: readonly string[];
  /** The network helper outside; it runs in `socketDir`. */
  readonly helper?: {
    readonly argv: readonly string[];
    /** The same with the agent's key relay. */
    readonly agentArgv: readonly string[];
    readonly netDir: string;
  };
  /** `turnScript` of the session. */
  readonly turns?: string;
}

/** `box.sh` of a control folder: how the supervisor runs things for this guest. */
export function boxScript(options: BoxScriptOptions): string {
  const { agent, inside, after, helper, turns = "" } = options;
  const functions = [
    // The terminal's name is known only where the terminal is.
    `box_agent() {
  exec ${quoteArgv([...agent, "--json-status-fd", "3"])} \\
    --setenv TERM "$TERM" --setenv COLORTERM truecolor -- \\
    ${quoteArgv(["sh", "-c", inside, "cco"])} "$@"
}`,
    ...(after === undefined ? [] : [`box_after() {\n  exec ${quoteArgv(after)}\n}`]),
    ...(helper === undefined
      ? []
      : [
          `box_helper() {
  mkdir -p ${quoteArgv([helper.netDir])}/"$1" && cd ${quoteArgv([helper.netDir])}/"$1" || return 1
  [ "$1" != agent ] || exec ${quoteArgv(helper.agentArgv)}
  exec ${quoteArgv(helper.argv)}
}`,
        ]),
  ];
  return `${functions.join("\n")}\n${turns}`;
}
