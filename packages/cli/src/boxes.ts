import { resolve } from "node:path";

import type { SandboxBackend } from "@cco/backend";
import type { CommandRunner } from "@cco/exec";

import type { BackendName } from "./backends.js";
import type { Config } from "./config/schema.js";
import { withoutUndefined } from "./config/without-undefined.js";
import type { Globals } from "./globals.js";
import type { Talk } from "./output/talk.js";

/** How patient a command is with a machine that does not answer. */
export interface Patience {
  /** It only looks: what does not answer soon is left out, and nothing is asked. */
  readonly onlyLooks?: boolean;
}

/** A program that a box's machine should have, and the command that installs it. */
export interface BoxTool {
  readonly program: string;
  readonly install: string;
}

export interface BoxesOptions {
  readonly patience: Patience;
  /** Runs programs on this machine; `bare` without a trace of them. */
  readonly here: CommandRunner;
  readonly bare: CommandRunner;
  readonly traced: (runner: CommandRunner, where: string) => CommandRunner;
  readonly config: Config;
  /** Relative paths of the configuration start here. */
  readonly configFolder: string;
  /** What a new machine gets installed. */
  readonly tools: () => Promise<readonly BoxTool[]>;
  readonly globals: Globals;
  readonly talk: Talk;
  readonly env: NodeJS.ProcessEnv;
  /** A person is at the terminal: ssh may ask for a password or about a host key. */
  readonly terminal: boolean;
}

/** A machine that does not answer for so long is left out where a command only looks. */
const LOOK_SECONDS = 5;

/** Makes the box of a kind on a machine, each once; its code is loaded when the first is asked for. */
export class Boxes {
  readonly #options: BoxesOptions;
  readonly #made = new Map<string, Promise<SandboxBackend>>();

  constructor(options: BoxesOptions) {
    this.#options = options;
  }

  /** @param box the name of one that a session is in. Default: the configured one. */
  box(name: BackendName, host: string | null, box?: string): Promise<SandboxBackend> {
    const key = `${name} ${host ?? ""} ${name === "lima" ? (box ?? "") : ""}`;
    const made = this.#made.get(key) ?? this.#make(name, host, box);
    this.#made.set(key, made);
    return made;
  }

  async #make(name: BackendName, host: string | null, box?: string): Promise<SandboxBackend> {
    switch (name) {
      case "local": {
        const [{ LocalBackend }, runner] = await Promise.all([
          import("@cco/local"),
          this.#place(host),
        ]);
        return new LocalBackend({ runner });
      }
      case "lima":
        return this.#lima(await this.#place(host), box);
      case "container": {
        const [{ ContainerBackend }, runner] = await Promise.all([
          import("@cco/container"),
          this.#place(host),
        ]);
        return new ContainerBackend({ runner, ...this.#container() });
      }
      case "kubernetes": {
        // Its kubeconfig says where it is.
        const { makeKubernetes } = await import("./kubernetes.js");
        const { config, env, globals, talk } = this.#options;
        return makeKubernetes({ config, env, trace: globals.verbose ? talk : undefined });
      }
    }
  }

  /** Runs programs on `host`, or here. */
  async #place(host: string | null): Promise<CommandRunner> {
    const { here, bare, env, terminal, patience, traced } = this.#options;
    if (host === null) return here;
    const { SshRunner } = await import("@cco/ssh");
    const limits =
      patience.onlyLooks === true
        ? { connectTimeout: LOOK_SECONDS, limitMs: LOOK_SECONDS * 1000 }
        : { mayAsk: terminal };
    return traced(new SshRunner({ host, runner: bare, env, ...limits }), `${host}: `);
  }

  /** Joins a VM of the machine that `host` runs programs on with the sandbox in it. */
  async #lima(host: CommandRunner, box: string | undefined): Promise<SandboxBackend> {
    const [{ LimaBackend, LimaClient, LimaRunner, DEFAULT_BOX }, { LocalBackend }, tools] =
      await Promise.all([import("@cco/lima"), import("@cco/local"), this.#options.tools()]);
    const { configFolder, config } = this.#options;
    const { name = DEFAULT_BOX, template } = config.backends?.lima ?? {};
    const client = new LimaClient(host);
    const runner = new LimaRunner(client, box ?? name);
    return new LimaBackend({
      client,
      runner,
      inner: new LocalBackend({ runner, configKey: "backends.lima.network.allow" }),
      name: box ?? name,
      tools,
      ...(template === undefined ? {} : { template: resolve(configFolder, template) }),
    });
  }

  #container() {
    const { container } = this.#options.config.backends ?? {};
    const { engine, name, image, rootfs, memory, cpus, pids, userns } = container ?? {};
    const processors = cpus === undefined ? undefined : String(cpus);
    return withoutUndefined({
      engine,
      name,
      image,
      rootfs,
      memory,
      cpus: processors,
      pids,
      userns,
    });
  }
}
