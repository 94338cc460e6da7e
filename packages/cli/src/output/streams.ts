import type { Hide } from "./redact.js";

/** Where the CLI writes: the process's own streams, or a test's. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** What is written as text goes through it. */
  readonly hide: Hide;
}

/**
 * The process's streams. A reader that went away (`cco … | head -1`) is no failure:
 * the rest is written nowhere and the work goes on.
 *
 * @param onClosed called once when stdout's reader is gone.
 */
export function processStreams(onClosed: () => void, hide: Hide): Streams {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (stream === process.stdout) onClosed();
    });
  }
  return { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, hide };
}

/** Resolves when all that was written to `stream` is with the system. */
export async function flushed(stream: NodeJS.WritableStream): Promise<void> {
  if (!stream.writable) return;
  await new Promise<void>((resolve) => {
    stream.once("error", () => {
      resolve();
    });
    stream.write("", () => {
      resolve();
    });
  });
}
