import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { TestTmux } from "../support/tmux.js";
import { waitFor } from "../support/wait-for.js";
import type { Scene } from "./scene.js";

const CCO = fileURLToPath(new URL("../../packages/cli/bin/cco.cjs", import.meta.url));

/** Settings and keys that somebody has of their own; none is tmux's default. */
const OWN_CONFIG = [
  "set -g prefix C-a",
  "bind -n F7 display-message mine",
  "set -g status-left '[mine]'",
  "set -g history-limit 321",
  "set -g mouse off",
  "set -s escape-time 123",
  "set-hook -g alert-bell 'display-message rang'",
].join("\n");

/**
 * Somebody at a shell, in a pane of a tmux server of their own: `cco` is a command of the
 * shell, its keys are typed, its answers read off the screen.
 */
export class Person {
  /** The person's own server, not cco's. */
  readonly tmux: TestTmux;
  readonly #pane: string;
  #asked = 0;

  private constructor(scene: Scene) {
    this.tmux = new TestTmux(scene.env, "person");
    const bin = join(scene.dir, "person-bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "cco"), `#!/bin/sh\nexec '${process.execPath}' '${CCO}' "$@"\n`);
    chmodSync(join(bin, "cco"), 0o755);
    const config = join(scene.dir, "person.conf");
    writeFileSync(config, `${OWN_CONFIG}\n`);
    const shell = ["env", `-C${scene.repo.dir}`, `PATH=${bin}:${scene.env["PATH"] ?? ""}`];
    this.tmux.newSession("mine", [...shell, "bash", "--norc", "--noprofile"]);
    this.tmux.run("source-file", config);
    this.#pane = "=mine:";
  }

  /** @param where the shell stands in tmux, or (its variables hidden) in a plain terminal. */
  static async at(scene: Scene, where: "tmux" | "terminal"): Promise<Person> {
    const person = new Person(scene);
    person.type("PS1='R> '; bind 'set enable-bracketed-paste off'");
    await person.sees("\nR>");
    if (where === "terminal") await person.runs("unset TMUX TMUX_PANE");
    return person;
  }

  get screen(): string {
    return this.tmux.screen(this.#pane);
  }

  key(...keys: readonly string[]): void {
    this.tmux.run("send-keys", "-t", this.#pane, ...keys);
  }

  /** Type a text and Enter. */
  type(text: string): void {
    this.tmux.run("send-keys", "-t", this.#pane, "-l", text);
    this.key("Enter");
  }

  /** Wait until the screen shows `text`. @returns the screen */
  sees(text: string): Promise<string> {
    return this.tmux.waitForText(this.#pane, text);
  }

  /**
   * Type a command on a cleared screen; `ended()` waits for its end.
   *
   * @returns what waits: it gives the exit code and the screen.
   */
  start(command: string): () => Promise<{ exitCode: number; screen: string }> {
    const mark = `ended-${String(this.#asked++)}`;
    this.type(`clear; ${command}; echo "${mark}"=$?`);
    const pattern = new RegExp(`^${mark}=(\\d+)$`, "m");
    return () =>
      waitFor(
        () => {
          const { screen } = this;
          const exitCode = pattern.exec(screen)?.[1];
          if (exitCode === undefined) throw new Error(screen);
          return { exitCode: Number(exitCode), screen };
        },
        { what: `the end of ${command}` },
      );
  }

  /** Type a command and wait for its end. @returns its exit code and the screen */
  runs(command: string): Promise<{ exitCode: number; screen: string }> {
    return this.start(command)();
  }
}
