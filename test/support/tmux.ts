import { spawnSync } from "node:child_process";

import { afterAll } from "vitest";

import type { Env } from "./env.js";
// Imported before the hook below is set: hooks run in reverse, so folders go after the servers in them.
import "./temp-dir.js";
import { waitFor } from "./wait-for.js";

const started: TestTmux[] = [];

afterAll(() => {
  for (const server of started.splice(0)) server.kill();
});

/** Whether tmux is installed: `it.skipIf(!hasTmux())`. */
export function hasTmux(): boolean {
  return spawnSync("tmux", ["-V"]).error === undefined;
}

/**
 * A tmux server of one test file, found by socket name under the private `TMUX_TMPDIR` of
 * `env`: the code under test reaches the same one when it runs with that environment.
 * It is killed, with all that runs in it, when the file is done.
 */
export class TestTmux {
  readonly env: Env;
  readonly #socket: string;

  /** @param socket the name behind `-L`. Default: `cco`, the product's own. */
  constructor(env: Env, socket = "cco") {
    if (env["TMUX_TMPDIR"] === undefined) throw new Error("TMUX_TMPDIR must be private");
    this.env = env;
    this.#socket = socket;
    started.push(this);
  }

  /** Start a detached session of 120 by 40 whose first window runs `argv` (default: `sh`). */
  newSession(name: string, argv: readonly string[] = ["sh"]): void {
    this.run("new-session", "-d", "-s", name, "-x", "120", "-y", "40", ...argv);
  }

  /** Run one tmux command. @returns trimmed stdout @throws when it fails */
  run(...args: string[]): string {
    const result = this.#tmux(args);
    if (result.status !== 0) {
      throw new Error(`tmux ${args.join(" ")}: ${result.stderr.toString()}`);
    }
    return result.stdout.toString("utf8").trimEnd();
  }

  /** Text of a pane's screen. */
  screen(target: string): string {
    return this.run("capture-pane", "-p", "-t", target);
  }

  /** Wait until a pane shows `text`. @returns the whole screen */
  async waitForText(target: string, text: string): Promise<string> {
    return waitFor(
      () => {
        const screen = this.screen(target);
        if (!screen.includes(text)) throw new Error(screen);
        return screen;
      },
      { what: JSON.stringify(text) },
    );
  }

  /** Ids of all panes, over all sessions; none without a server. */
  panes(): string[] {
    const result = this.#tmux(["list-panes", "-a", "-F", "#{pane_id}"]);
    return result.stdout.toString("utf8").split("\n").filter(Boolean);
  }

  kill(): void {
    this.#tmux(["kill-server"]);
  }

  #tmux(args: readonly string[]) {
    const argv = ["-u", "-f", "/dev/null", "-L", this.#socket, ...args];
    return spawnSync("tmux", argv, { env: this.env });
  }
}
