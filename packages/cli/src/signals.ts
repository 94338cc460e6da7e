import { EXIT, type ExitCode } from "./exit-codes.js";

/** How long the work has to wind up after a signal before the process ends anyway. */
const GRACE_MS = 10_000;

const CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

type Ending = keyof typeof CODES;

/**
 * The one listener per signal of the process.
 *
 * The first signal aborts `signal` and runs the teardowns, newest first; the work
 * then rejects by itself and `main` leaves with {@link exitCode}. A second signal,
 * or work that does not wind up within ten seconds, ends the process at once.
 */
export class Signals {
  readonly #controller = new AbortController();
  readonly #teardowns = new Set<() => void>();
  readonly #listener = (name: NodeJS.Signals): void => {
    this.#received(name as Ending);
  };
  #exitCode: ExitCode | undefined;

  constructor() {
    for (const name of Object.keys(CODES) as Ending[]) process.on(name, this.#listener);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 130 or 143 once a signal came, else `undefined`. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  /** Call `teardown` when a signal comes. @returns a function that takes it back. */
  onSignal(teardown: () => void): () => void {
    this.#teardowns.add(teardown);
    return () => this.#teardowns.delete(teardown);
  }

  /** Stop listening: signals have their default effect again. */
  release(): void {
    for (const name of Object.keys(CODES)) process.off(name, this.#listener);
  }

  #received(name: Ending): void {
    if (this.#exitCode !== undefined) process.exit(this.#exitCode);
    const code = CODES[name];
    this.#exitCode = code;
    for (const teardown of [...this.#teardowns].reverse()) teardown();
    this.#controller.abort();
    setTimeout(() => process.exit(code), GRACE_MS).unref();
  }
}
