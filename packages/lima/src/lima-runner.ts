import { BackendError } from "@cco/backend";
import {
  runReported,
  RunError,
  type CommandRunner,
  type RunOptions,
  type RunResult,
} from "@cco/exec";

import type { LimaClient } from "./client.js";
import type { LimaInstance } from "./instance.js";
import { Slots } from "./slots.js";

/** sshd's `MaxSessions`: one more, and ssh complains on stderr and opens a connection of its own. */
const MOST_SHELLS = 10;
const PATIENCE_MS = 5_000;
/** Longest time to find out whether a VM answers. */
const ANSWER_MS = 20_000;
/** A status that was seen this recently is not asked for again. */
const FRESH_MS = 2_000;

/** What ssh says about a shell too many, which is run all the same. */
const NOISE =
  /^(?:mux_client_request_session: session request failed: .*|ControlSocket .* already exists, disabling multiplexing)\r?\n/gm;

/** The inside of a Lima VM as a place. The VM's own user runs the programs; nobody starts the VM. */
export class LimaRunner implements CommandRunner {
  readonly #client: LimaClient;
  readonly #name: string;
  readonly #slots = new Slots(MOST_SHELLS, PATIENCE_MS);
  #status: { readonly at: number; readonly checked: Promise<void> } | undefined;

  constructor(client: LimaClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /**
   * @throws {RunError} as every runner; `CONNECTION_LOST`: it broke while the program may have run,
   *   and the VM answers again.
   * @throws {BackendError} `BOX_MISSING`, `BOX_STOPPED`; `BACKEND_FAILED`: the VM does not answer.
   */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runReported(
      {
        run: (wrapped, rest) => this.#shell(wrapped, rest),
        lost: (words, result) => this.#lost(words, result),
      },
      argv,
      options,
    );
  }

  hostArgv(argv: readonly string[]): readonly string[] {
    return this.#client.hostArgv(this.#name, argv);
  }

  async #shell(argv: readonly string[], options: RunOptions): Promise<RunResult> {
    await this.#assertRunning();
    return this.#slots.use(async () => {
      if (options.signal?.aborted === true) {
        throw new RunError("COMMAND_ABORTED", argv, `${argv[0] ?? ""}: aborted`);
      }
      const result = await this.#client.shell(this.#name, argv, options);
      return { ...result, stderr: result.stderr.replaceAll(NOISE, "") };
    });
  }

  /**
   * On a stopped VM `limactl shell` prompts and reads stdin (1.x), or does nothing and exits 0
   * (2.0): it is asked for its status first.
   */
  #assertRunning(): Promise<void> {
    if (this.#status !== undefined && Date.now() - this.#status.at < FRESH_MS) {
      return this.#status.checked;
    }
    const checked = this.#client.find(this.#name).then((instance) => {
      const error = notRunning(instance);
      if (error !== null) throw error;
    });
    const status = { at: Date.now(), checked };
    this.#status = status;
    checked.catch(() => {
      if (this.#status === status) this.#status = undefined;
    });
    return checked;
  }

  /** 255 is ssh's word for every failure, and 1 limactl's: the VM itself says which one it was. */
  async #lost(argv: readonly string[], { exitCode, stderr }: RunResult): Promise<Error> {
    this.#status = undefined;
    const error = notRunning(await this.#client.find(this.#name));
    if (error !== null) return error;
    if (await this.#answers()) {
      const message = `${argv[0] ?? ""}: the connection to the VM ${this.#name} broke while it ran`;
      return new RunError("CONNECTION_LOST", argv, message, {
        hint: "what runs there goes on; run the same command again",
      });
    }
    const words = stderr.trim() || `exit code ${exitCode}`;
    return new BackendError("BACKEND_FAILED", `the VM ${this.#name} does not answer: ${words}`, {
      hint: "it may be starting; see: limactl list",
    });
  }

  async #answers(): Promise<boolean> {
    const options = { timeoutMs: ANSWER_MS };
    try {
      const { exitCode, stdout } = await this.#client.shell(this.#name, ["echo", "yes"], options);
      return exitCode === 0 && stdout.toString("utf8").trim() === "yes";
    } catch {
      return false;
    }
  }
}

/**
 * Why nothing can run in a VM, or `null`. A broken one (its host agent died) may still answer.
 */
export function notRunning(instance: LimaInstance | null): BackendError | null {
  if (instance === null) {
    return new BackendError("BOX_MISSING", "sandbox not created, run `cco box create`", {
      hint: "cco box create --backend lima",
    });
  }
  if (instance.status === "Running" || instance.status === "Broken") return null;
  return new BackendError("BOX_STOPPED", "sandbox not running, run `cco box start`", {
    hint: "cco box start --backend lima",
  });
}
