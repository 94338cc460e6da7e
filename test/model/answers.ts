/** What a scripted model answers, as data. */
export type Answer = Say | CallTool | Refuse | Drop | Silence;

/** Text; the turn is over. */
export interface Say {
  readonly kind: "say";
  readonly text: string;
  readonly usage?: Usage;
}

/** Stands for the guest's workspace in a tool's input. */
export const WORKSPACE = "{workspace}";

/** One tool to run; the next request must bring its result. */
export interface CallTool {
  readonly kind: "call";
  readonly name: "Bash" | "Write";
  readonly input: Readonly<Record<string, string>>;
  /** The result must say that the tool failed. Default: that it did not. */
  readonly fails?: true;
  /** Must be part of the result. */
  readonly result?: string;
  readonly usage?: Usage;
}

/**
 * An HTTP error. The next request, if the script goes on, must be the same question again, but
 * where the header `x-should-retry: false` said that this is of no use.
 */
export interface Refuse {
  readonly kind: "refuse";
  readonly status: number;
  /** `type` of the error, as the API names it. */
  readonly type: string;
  /** `{+N}` in it stands for the time in N seconds, in seconds since 1970. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** However often it is asked again. Only as the script's last answer. */
  readonly always?: true;
}

/** The connection breaks off in the middle of a text; the same question must come again, with or without a stream. */
export interface Drop {
  readonly kind: "drop";
  readonly text: string;
}

/** No answer until the one who asked goes away. */
export interface Silence {
  readonly kind: "silence";
}

export interface Usage {
  readonly input: number;
  readonly output: number;
}

/** What an answer counts where it says nothing else. */
export const USAGE: Usage = { input: 100, output: 20 };

export function say(text: string, usage?: Usage): Say {
  return { kind: "say", text, ...(usage === undefined ? {} : { usage }) };
}

/** A shell command that must work. */
export function bash(command: string, result?: string): CallTool {
  return {
    kind: "call",
    name: "Bash",
    input: { command, description: "a step of the plan" },
    ...(result === undefined ? {} : { result }),
  };
}

/** A shell command that must fail, saying `result`. */
export function badBash(command: string, result: string): CallTool {
  return { ...bash(command, result), fails: true };
}

/** @param path absolute, as the guest sees it; it may begin with {@link WORKSPACE} */
export function write(path: string, content: string): CallTool {
  return { kind: "call", name: "Write", input: { file_path: path, content } };
}

/** A file with its own name as content, and a commit of it. */
export function commit(name: string): CallTool {
  return bash(`echo ${name} >${name} && git add ${name} && git commit -q -m 'add ${name}'`);
}

export function refuse(
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refuse {
  return { kind: "refuse", status, type, message, headers };
}

/** The same to every request from here on. */
export function always(refusal: Refuse): Refuse {
  return { ...refusal, always: true };
}

export const SILENCE: Silence = { kind: "silence" };
