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

/** What may happen to stdout. */
export interface StdoutEnds {
  /** Its reader is gone (`cco … | head -1`): no failure, the rest is written nowhere. */
  readonly onClosed: () => void;
  /** It takes nothing more: a full disk. */
  readonly onFailed: (error: NodeJS.ErrnoException) => void;
}

/**
 * The process's streams. Whatever happens to them the work goes on; what stderr does not take is
 * not told.
 */
export function processStreams({ onClosed, onFailed }: StdoutEnds, hide: Hide): Streams {
  neverThrow(process.stderr, () => undefined);
  neverThrow(process.stdout, (error) => {
    if (error.code === "EPIPE" || error.code === "EIO") onClosed();
    else onFailed(error);
  });
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    // To open it takes a few milliseconds, and most commands do not read.
    get stdin() {
      return process.stdin;
    },
    hide,
  };
}

/** A pipe tells a failure by an event, a file throws it from `write`. */
function neverThrow(
  stream: NodeJS.WriteStream,
  onError: (error: NodeJS.ErrnoException) => void,
): void {
  stream.on("error", onError);
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (...args: unknown[]): boolean => {
    try {
      return write(...args);
    } catch (error) {
      onError(error as NodeJS.ErrnoException);
      const written = args.at(-1);
      if (typeof written === "function") (written as (error: unknown) => void)(error);
      return false;
    }
  };
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
