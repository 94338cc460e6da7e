import { Writable } from "node:stream";

import { BackendError } from "@cco/backend";
import { RunError, type CommandRunner, type RunOptions, type RunResult } from "@cco/exec";

import { parseInfo, parseVersion, type LimaInfo } from "./info.js";
import { parseInstances, type LimaInstance } from "./instance.js";
import { parseMessage, parseMessages, type LimaMessage } from "./log.js";

/** How a command of limactl ended. */
export interface LimaResult {
  readonly exitCode: number;
  readonly messages: readonly LimaMessage[];
}

export interface LimaCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Each message as it comes. */
  readonly onMessage?: ((message: LimaMessage) => void) | undefined;
}

/** YAML on stdin, or a file whose own references are relative to it. */
export type LimaTemplate = { readonly yaml: string } | { readonly file: string };

/** limactl, one call a method. Nothing is cached; exit codes are data. limactl(1), versions 1.1 to 2.2. */
export class LimaClient {
  readonly #runner: CommandRunner;

  /** @param runner runs programs on the machine that the VMs are on. */
  constructor(runner: CommandRunner) {
    this.#runner = runner;
  }

  /** @throws {BackendError} `BOX_MISSING`: there is no limactl; `BACKEND_FAILED`: it refuses. */
  async version(): Promise<string> {
    const result = await this.#asked(["--version"]);
    return parseVersion(result.stdout.toString("utf8")) ?? "unknown";
  }

  /** @throws {BackendError} as `version`. */
  async info(): Promise<LimaInfo> {
    const result = await this.#asked(["info"]);
    return this.#parsed("info", () => parseInfo(result.stdout.toString("utf8")));
  }

  /**
   * The VM with exactly this name, or `null`. Other VMs, broken ones too, do not matter.
   *
   * @throws {BackendError} as `version`.
   */
  async find(name: string): Promise<LimaInstance | null> {
    const result = await this.#limactl(["list", "--format", "json", name]);
    if (result.exitCode === 0) {
      const found = this.#parsed("list", () => parseInstances(result.stdout.toString("utf8")));
      return found.find((instance) => instance.name === name) ?? null;
    }
    // Exit code 1 is an unknown name, a yaml that cannot be read, and a limactl that refuses.
    const names = (await this.#asked(["list", "--quiet"])).stdout.toString("utf8").split("\n");
    return names.includes(name) ? unreadable(name, result) : null;
  }

  /**
   * @returns other than 0 where a VM of that name is there; a failed one may leave a VM behind.
   */
  create(name: string, template: LimaTemplate, options: LimaCallOptions = {}): Promise<LimaResult> {
    const [source, stdin] =
      "yaml" in template ? ["-", Buffer.from(template.yaml)] : [template.file];
    return this.#command(["create", "--tty=false", `--name=${name}`, source], options, stdin);
  }

  /** Only for a VM that is there: of a name it does not know, limactl makes a VM of its own kind. */
  start(name: string, options: LimaCallOptions = {}): Promise<LimaResult> {
    return this.#command(["start", "--tty=false", name], options);
  }

  /** @param options.force kills; the one way out of `Broken`. */
  stop(name: string, options: LimaCallOptions & { force?: boolean } = {}): Promise<LimaResult> {
    const force = options.force === true ? ["--force"] : [];
    return this.#command(["stop", "--tty=false", ...force, name], options);
  }

  /** Remove a VM with its disk, running or not. */
  delete(name: string, options: LimaCallOptions = {}): Promise<LimaResult> {
    return this.#command(["delete", "--tty=false", "--force", name], options);
  }

  /** The argv that runs `argv` in a VM, each word as it is; without one, a login shell. */
  shellArgv(name: string, argv: readonly string[] = []): readonly string[] {
    const shell = ["limactl", "shell", "--workdir", "/", name];
    if (argv.length === 0) return shell;
    // limactl takes leading words with `=` for variables.
    const first = /^\w+=/.test(argv[0] ?? "") ? ["sh", "-c", 'exec "$0" "$@"'] : [];
    return [...shell, "--", ...first, ...argv];
  }

  /** `shellArgv` from a shell of the host where cco runs, whatever machine the VM is on. */
  hostArgv(name: string, argv: readonly string[] = []): readonly string[] {
    return this.#runner.hostArgv(this.shellArgv(name, argv), { tty: true });
  }

  /**
   * Run `argv` in a VM that is known to run. The exit code is the program's, limactl's or ssh's.
   * Ended early, limactl leaves the program running.
   */
  shell(name: string, argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.#run(this.shellArgv(name, argv), options);
  }

  async #command(
    args: readonly string[],
    options: LimaCallOptions,
    stdin?: Uint8Array,
  ): Promise<LimaResult> {
    const messages: LimaMessage[] = [];
    const sink = lines((line) => {
      const message = parseMessage(line);
      if (message === null) return;
      messages.push(message);
      options.onMessage?.(message);
    });
    const result = await this.#limactl(args, { signal: options.signal, stderr: sink, stdin });
    return { exitCode: result.exitCode, messages };
  }

  async #asked(args: readonly string[]): Promise<RunResult> {
    const result = await this.#limactl(args);
    if (result.exitCode === 0) return result;
    throw failed(args[0] ?? "", parseMessages(result.stderr), result.exitCode);
  }

  #limactl(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.#run(["limactl", ...args], options);
  }

  async #run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
    try {
      return await this.#runner.run(argv, options);
    } catch (error) {
      if (!(error instanceof RunError) || error.code !== "COMMAND_NOT_FOUND") throw error;
      throw new BackendError("BOX_MISSING", "limactl is not installed", {
        hint: "install Lima: https://lima-vm.io/docs/installation/",
        cause: error,
      });
    }
  }

  #parsed<T>(what: string, parse: () => T): T {
    try {
      return parse();
    } catch (cause) {
      throw new BackendError("BACKEND_FAILED", `limactl ${what} printed something unknown`, {
        hint: "this version of Lima may be too new or too old; see `limactl --version`",
        cause,
      });
    }
  }
}

/** The error for a call of limactl that should have succeeded, in its own words. */
export function failed(
  what: string,
  messages: readonly LimaMessage[],
  exitCode: number,
): BackendError {
  const serious = messages.filter(({ level }) => level !== "info" && level !== "debug");
  const words = serious.at(-1)?.text ?? messages.at(-1)?.text ?? `exit code ${exitCode}`;
  // What it says before anything else, whatever was asked (main.go of 1.2 and 2.2).
  if (words.includes("must not run as the root user")) {
    return new BackendError("BACKEND_FAILED", "limactl refuses to run as root", {
      hint: "run cco as an ordinary user: Lima keeps its VMs in that user's home",
    });
  }
  return new BackendError("BACKEND_FAILED", `limactl ${what}: ${words}`);
}

function unreadable(name: string, { stderr }: RunResult): LimaInstance {
  const errors = parseMessages(stderr).map(({ text }) => text);
  return {
    name,
    status: "Broken",
    dir: "",
    vmType: null,
    arch: null,
    memory: null,
    disk: null,
    limaVersion: null,
    sshConfigFile: null,
    errors,
  };
}

/** A sink that gives whole lines. */
function lines(onLine: (line: string) => void): Writable {
  let rest = "";
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const parts = (rest + chunk.toString("utf8")).split(/[\r\n]/);
      rest = parts.pop() ?? "";
      for (const part of parts) onLine(part);
      done();
    },
    final(done) {
      onLine(rest);
      done();
    },
  });
}
