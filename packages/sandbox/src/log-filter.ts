import { StringDecoder } from "node:string_decoder";
import { Transform, Writable, type TransformCallback } from "node:stream";

import type { AgentStreamReader } from "./agents/stream.js";
import { printable } from "./intake/index.js";

/** A line longer than this is shown in parts. */
const MAX_LINE = 64 * 1024;

export interface LogFilterOptions {
  /** Bytes as they are. */
  readonly raw: boolean;
  /** Lines left out at the beginning, of those that are shown. */
  readonly skipLines: number;
  /** Makes lines for people of the agent's. */
  readonly reader?: AgentStreamReader | undefined;
}

/** What a terminal printed, as lines of text without controls (or raw), after the first lines. */
export function logFilter({ raw, skipLines, reader }: LogFilterOptions): Transform {
  if (reader !== undefined) return streamFilter(reader, skipLines);
  let toSkip = skipLines;
  const text = raw ? null : new TextLines();
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      let rest = chunk;
      while (toSkip > 0 && rest.length > 0) {
        const at = rest.indexOf(0x0a);
        if (at < 0) rest = rest.subarray(rest.length);
        else {
          toSkip -= 1;
          rest = rest.subarray(at + 1);
        }
      }
      done(null, text === null ? rest : text.add(rest));
    },
    flush(done: TransformCallback) {
      done(null, text?.end());
    },
  });
}

/** An event of a stream longer than this is shown in parts, as it is. */
const MAX_EVENT = 16 * 1024 * 1024;

/** The lines of an agent's stream as people read them. */
function streamFilter(reader: AgentStreamReader, skipLines: number): Transform {
  const decoder = new StringDecoder("utf8");
  let toSkip = skipLines;
  let line = "";
  const show = (text: string): string => {
    const lines = (reader.line(text.replace(/\r$/, "")) ?? "").split("\n");
    const kept = lines.filter((shownLine) => shownLine !== "").slice(toSkip);
    toSkip -= Math.min(toSkip, lines.length);
    return kept.map((shownLine) => shown(`${shownLine}\n`)).join("");
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const parts = (line + decoder.write(chunk)).split("\n");
      line = parts.pop() ?? "";
      if (line.length > MAX_EVENT) {
        parts.push(line);
        line = "";
      }
      done(null, parts.map(show).join(""));
    },
    flush(done: TransformCallback) {
      const rest = line + decoder.end();
      done(null, rest === "" ? "" : show(rest));
    },
  });
}

/** Counts lines; a last one without its end counts too. */
export function newlineCounter(): Writable & { readonly lines: number } {
  let ends = 0;
  let open = false;
  const counter = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) ends += 1;
      if (chunk.length > 0) open = chunk[chunk.length - 1] !== 0x0a;
      done();
    },
  });
  return Object.defineProperty(counter, "lines", {
    get: () => ends + (open ? 1 : 0),
  }) as Writable & { readonly lines: number };
}

/** Cuts at line ends, so that no escape sequence is judged by its half. */
class TextLines {
  readonly #decoder = new StringDecoder("utf8");
  #line = "";

  add(chunk: Buffer): string {
    const text = this.#line + this.#decoder.write(chunk);
    const cut = text.lastIndexOf("\n") + 1;
    this.#line = text.slice(cut);
    let whole = text.slice(0, cut);
    if (this.#line.length > MAX_LINE) {
      whole += this.#line;
      this.#line = "";
    }
    return shown(whole);
  }

  end(): string {
    const rest = shown(this.#line + this.#decoder.end());
    this.#line = "";
    return rest === "" || rest.endsWith("\n") ? rest : `${rest}\n`;
  }
}

/** Of a line that was written over (a progress bar) the last state is shown. */
function shown(text: string): string {
  return printable(text.replaceAll(/\r+\n/g, "\n").replaceAll(/[^\n]*\r(?=[^\n])/g, ""), {
    multiline: true,
  });
}
