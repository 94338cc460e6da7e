import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, expect } from "vitest";

import type { BackendPromises, Guest, GuestExecOptions, GuestOptions } from "../port.js";

import type { ConformanceOptions, ConformanceSubject } from "./subject.js";
import { Viewers } from "./viewers.js";

/** Longest wait for a condition that must come; no case measures time. */
const PATIENCE_MS = 90_000;

/** What every group of cases works with: one box, a fresh guest for each case. */
export class Harness {
  #subject: ConformanceSubject | undefined;
  #viewers: Viewers | undefined;
  readonly #opened = new Set<string>();

  /** Registers the hooks of the enclosing `describe`. */
  constructor(options: ConformanceOptions) {
    beforeAll(async () => {
      const subject = await options.make();
      this.#subject = subject;
      this.#viewers = new Viewers(subject.host, subject.tempDir);
      await subject.backend.create();
      await subject.backend.start();
    });
    afterEach(async () => {
      await this.#viewers?.closeAll();
      const ids = [...this.#opened];
      this.#opened.clear();
      await Promise.all(ids.map((id) => this.subject.backend.closeGuest(id)));
    });
    afterAll(async () => {
      await this.#subject?.dispose?.();
    });
  }

  get subject(): ConformanceSubject {
    if (this.#subject === undefined) throw new Error("the subject was not made");
    return this.#subject;
  }

  get viewers(): Viewers {
    if (this.#viewers === undefined) throw new Error("the subject was not made");
    return this.#viewers;
  }

  get promises(): BackendPromises {
    return this.subject.backend.promises;
  }

  /** An id that no other case uses; its guest is closed after the case. */
  freshId(): string {
    const id = randomBytes(4).toString("hex");
    this.#opened.add(id);
    return id;
  }

  guest(options?: GuestOptions): Promise<Guest> {
    return this.subject.backend.openGuest(this.freshId(), options);
  }
}

/** Wait until `check` gives something else than `false` or `undefined`, and return it. */
export async function until<T>(
  what: string,
  check: () => Promise<T | false | undefined>,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await check();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await delay(20);
  }
}

/** Run a shell script in the guest; its stdout. The script must succeed. */
export async function sh(
  guest: Guest,
  script: string,
  args: readonly string[] = [],
  options: GuestExecOptions = {},
): Promise<string> {
  const result = await guest.exec(["sh", "-c", script, "sh", ...args], options);
  expect([result.exitCode, result.stderr], script).toEqual([0, expect.any(String)]);
  return result.stdout.toString();
}

/** Wait until the guest's workspace holds `name`; its content. */
export function file(guest: Guest, name: string): Promise<string> {
  return until(`the file ${name}`, async () => {
    const result = await guest.exec(["cat", name]);
    return result.exitCode === 0 && result.stdout.toString();
  });
}

/** Wait until the agent's screen shows `text`; the screen. */
export function screen(guest: Guest, text: string): Promise<string> {
  return until(`${JSON.stringify(text)} on the screen`, async () => {
    const shown = await guest.terminal.capture();
    return shown.includes(text) && shown;
  });
}

/** An agent that counts its starts, says READY and waits to be told to end. */
export function waitingAgent(exitCode = 0): readonly string[] {
  const script = `echo start >>starts; echo READY; while [ ! -e stop ]; do sleep 0.05; done; echo BYE; exit ${exitCode}`;
  return ["sh", "-c", script];
}

/** Start a {@link waitingAgent} and wait until it runs. */
export async function startWaiting(guest: Guest, exitCode = 0): Promise<void> {
  await guest.terminal.start(waitingAgent(exitCode));
  await screen(guest, "READY");
}

/** Tell a {@link waitingAgent} to end. */
export async function finish(guest: Guest): Promise<void> {
  await sh(guest, "echo >stop");
}
