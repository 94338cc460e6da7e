import { styleText } from "node:util";

import type { Hide } from "./redact.js";
import { safeLine } from "./safe-text.js";
import type { Streams } from "./streams.js";

type Format = Parameters<typeof styleText>[0];

/** Paints text for one stream, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string;

/** Colour only on a terminal, and never where `NO_COLOR` or `--no-color` says so. */
export function paintFor(stream: { readonly isTTY?: boolean }, color: boolean): Paint {
  const wanted = color && stream.isTTY === true && !process.env.NO_COLOR;
  return wanted ? (format, text) => styleText(format, text) : (_format, text) => text;
}

export interface TalkOptions {
  readonly quiet: boolean;
  readonly color: boolean;
}

/** An error as people read it. */
export interface ToldError {
  readonly message: string;
  readonly hint: string | undefined;
  /** One line each: what exactly was refused. */
  readonly details: readonly string[];
}

/** What goes to stderr: notes, progress on a terminal, errors. */
export class Talk {
  readonly #stream: Streams["stderr"];
  readonly #hide: Hide;
  readonly #quiet: boolean;
  readonly #paint: Paint;
  /** Lines that the next ones replace. */
  #shown = 0;
  /** While a table is shown it is the progress. */
  #live: readonly string[] = [];

  constructor(streams: Streams, options: TalkOptions) {
    this.#stream = streams.stderr;
    this.#hide = streams.hide;
    this.#quiet = options.quiet;
    this.#paint = paintFor(streams.stderr, options.color);
  }

  /** Something worth knowing that is no error. */
  note(text: string): void {
    if (!this.#quiet) this.#line(`cco: ${safeLine(text)}`);
  }

  /** What is being done; replaced by the next line, and only on a terminal. */
  progress(text: string): void {
    if (this.#live.length === 0) this.#show([text]);
  }

  /** The same in a call that may last minutes: without a terminal, each is a line. */
  step(text: string): void {
    if (this.#stream.isTTY === true) this.progress(text);
    else this.note(text);
  }

  /** Several lines of progress that stay below whatever else is said, until {@link done}. */
  live(lines: readonly string[]): void {
    this.#live = lines;
    this.#show(lines);
  }

  /** `cco: <what>`, what exactly, and the next step. */
  error(report: ToldError): void {
    this.#line(`${this.#paint("red", "cco:")} ${safeLine(report.message)}`);
    for (const detail of report.details) this.#line(`  ${safeLine(detail)}`);
    if (report.hint !== undefined) this.#line(`  → ${safeLine(report.hint)}`);
  }

  /** A line as it is, for `-v`. */
  trace(text: string): void {
    this.#line(this.#paint("dim", safeLine(text)));
  }

  /** What a program of the user's printed, in whole lines: as it is but for secrets. */
  output(chunk: Uint8Array): void {
    this.#clear();
    if (this.#quiet) return;
    const text = Buffer.from(chunk).toString("utf8");
    const hidden = this.#hide(text);
    this.#stream.write(hidden === text ? chunk : hidden);
  }

  /** Take the progress line away. */
  done(): void {
    this.#live = [];
    this.#clear();
  }

  #line(text: string): void {
    this.#clear();
    this.#stream.write(`${this.#hide(text)}\n`);
    if (this.#live.length > 0) this.#show(this.#live);
  }

  /** As many of the lines as the terminal has room for; the cursor stays in the last one. */
  #show(lines: readonly string[]): void {
    if (this.#quiet || this.#stream.isTTY !== true) return;
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    const shown = lines.slice(0, Math.max(1, (this.#stream.rows ?? 24) - 1));
    this.#clear();
    const text = shown.map((line) => this.#hide(safeLine(line)).slice(0, width)).join("\n");
    this.#stream.write(this.#paint("dim", text));
    this.#shown = shown.length;
  }

  #clear(): void {
    if (this.#shown > 1) this.#stream.write(`\u001b[${String(this.#shown - 1)}A`);
    if (this.#shown > 0) this.#stream.write("\r\u001b[J");
    this.#shown = 0;
  }
}
