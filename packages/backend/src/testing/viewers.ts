import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { quoteArgv, type CommandRunner } from "@cco/exec";

/** A host terminal that runs the argv a person or a pane would run. */
export interface Viewer {
  /** Its screen as text. */
  capture(): Promise<string>;
  /** Its program has ended. */
  ended(): Promise<boolean>;
  /** Press keys, by tmux name. */
  press(...keys: string[]): Promise<void>;
  /** Close the window, as a person does: the program gets a hang-up. */
  close(): Promise<void>;
}

/** Host terminals, in a tmux server of the suite's own. */
export class Viewers {
  readonly #host: CommandRunner;
  readonly #dir: string;
  #count = 0;
  #servers = 0;
  #running = false;

  constructor(host: CommandRunner, dir: string) {
    this.#host = host;
    this.#dir = dir;
  }

  async open(argv: readonly string[]): Promise<Viewer> {
    const name = `v${++this.#count}`;
    const script = join(this.#dir, `${name}.sh`);
    // A file, not a tmux argument: tmux gives a final semicolon a meaning.
    writeFileSync(script, `exec ${quoteArgv(argv)}\n`);
    await this.#tmux(
      ...["-f", "/dev/null", "new-session", "-d", "-s", name, "-x", "100", "-y", "30"],
      ...["sh", script, ";", "set-option", "-w", "-t", `=${name}:`, "remain-on-exit", "on"],
      // One that ends with its last viewer refuses a new one while it does.
      ...[";", "set-option", "-s", "exit-empty", "off"],
    );
    this.#running = true;
    const target = `=${name}:`;
    return {
      capture: () => this.#tmux("capture-pane", "-p", "-t", target),
      ended: async () =>
        (await this.#tmux("display-message", "-p", "-t", target, "#{pane_dead}")).trim() === "1",
      press: async (...keys) => {
        await this.#tmux("send-keys", "-t", target, ...keys);
      },
      close: async () => {
        await this.#tmux("kill-session", "-t", `=${name}`);
      },
    };
  }

  async closeAll(): Promise<void> {
    if (this.#running) await this.#tmux("kill-server");
    this.#running = false;
    // One that is ending is not met again.
    this.#servers++;
  }

  async #tmux(...args: string[]): Promise<string> {
    const socket = join(this.#dir, `view${this.#servers}`);
    const result = await this.#host.run(["tmux", "-u", "-S", socket, ...args], {
      env: { TMUX: undefined, TMUX_PANE: undefined },
    });
    if (result.exitCode !== 0) throw new Error(`tmux ${args.join(" ")}: ${result.stderr}`);
    return result.stdout.toString();
  }
}
