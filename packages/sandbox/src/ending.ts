import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

import type { Guest } from "@cco/backend";

import type { AgentProfile } from "./agents/profile.js";
import type { AgentStreamReader, AgentUsage } from "./agents/stream.js";

/** A longer line is no event: a part of a text, shown and counted as nothing. */
const MAX_LINE = 16 * 1024 * 1024;
/** Of the end of the output that signs are looked for in. */
const TAIL = 32 * 1024;
/**
 * Most that is read, and longest time for it. A guest that keeps its log itself, as a container does, may
 * print without end, or nothing: nobody who lists sessions waits for that. A log has 64 MiB at most.
 */
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_MS = 120_000;

/** What an agent's output says of its run. All of it is what the guest claims. */
export interface OutputSays {
  readonly usage: AgentUsage | null;
  /** Why it failed, in a word; `null` where nothing says that it did. */
  readonly failure: "not-logged-in" | "usage-limit" | "agent-error" | null;
}

/** Whether anything can be learned from an agent's output. */
export function saysAnything(profile: AgentProfile | undefined): profile is AgentProfile {
  return profile?.signs !== undefined || profile?.stream !== undefined;
}

/** Read what an ended agent printed. Where that cannot be read, nothing is said. */
export async function readOutput(
  profile: AgentProfile,
  guest: Guest,
  tty: boolean,
): Promise<OutputSays> {
  const reader = tty ? undefined : profile.stream?.();
  const lines = new OutputReader(reader);
  try {
    await guest.terminal.log(lines, { signal: AbortSignal.timeout(MAX_MS) });
  } catch {
    return { usage: null, failure: null };
  }
  return { usage: reader?.usage() ?? null, failure: failureOf(profile, lines.tail, reader) };
}

/** @param tail the end of the output. */
function failureOf(
  { signs }: AgentProfile,
  tail: string,
  reader: AgentStreamReader | undefined,
): OutputSays["failure"] {
  const failed = reader?.failed() ?? null;
  const shows = (patterns: readonly string[] = []): boolean =>
    patterns.some((pattern) => new RegExp(pattern, "m").test(tail));
  if (failed === false) return null;
  if (failed === null && shows(signs?.failed)) return "agent-error";
  if (shows(signs?.notLoggedIn)) return "not-logged-in";
  if (shows(signs?.usageLimit)) return "usage-limit";
  return failed === true ? "agent-error" : null;
}

/** Takes an output in, line by line, and keeps its end. */
class OutputReader extends Writable {
  tail = "";
  readonly #reader: AgentStreamReader | undefined;
  readonly #decoder = new StringDecoder("utf8");
  #line = "";
  #size = 0;

  constructor(reader: AgentStreamReader | undefined) {
    super();
    this.#reader = reader;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#size += chunk.length;
    if (this.#size > MAX_BYTES) {
      done(new Error("longer than any log"));
      return;
    }
    const text = this.#decoder.write(chunk);
    this.tail = (this.tail + text).slice(-TAIL);
    if (this.#reader !== undefined) this.#lines(text);
    done();
  }

  override _final(done: () => void): void {
    if (this.#line !== "") this.#reader?.line(this.#line);
    done();
  }

  #lines(text: string): void {
    const parts = text.split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      this.#reader?.line((this.#line + part).replace(/\r$/, ""));
      this.#line = "";
    }
    this.#line += last;
    if (this.#line.length > MAX_LINE) this.#line = "";
  }
}
