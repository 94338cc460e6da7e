import { dirname, resolve } from "node:path";

import type { SandboxBackend } from "@cco/backend";
import type { ContainerBackendOptions } from "@cco/container";
import { quoteArgv, traceRunner, type CommandRunner } from "@cco/exec";
import type { Repo } from "@cco/git";
import type { AgentProfile, IntakeOptions, Sandbox, Session } from "@cco/sandbox";
import type { WorkspaceEvent, Workspaces } from "@cco/workspace";

import { readConfig, repositoryConfigFile, userConfigFile } from "./config/files.js";
import type { Config } from "./config/schema.js";
import { settingsOf, textSetting, type Settings } from "./config/settings.js";
import { CliError } from "./errors.js";
import type { Globals } from "./globals.js";
import type { Talk } from "./output/talk.js";

export interface PartsOptions {
  readonly globals: Globals;
  readonly talk: Talk;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** A person is at the terminal: ssh may ask for a password or about a host key. */
  readonly terminal: boolean;
}

/** How patient a command is with a machine that does not answer. */
export interface Patience {
  /** It only looks: what does not answer soon is left out, and nothing is asked. */
  readonly onlyLooks?: boolean;
}

/** What isolates, of what this version has. */
export const BACKENDS = ["local", "lima", "container", "kubernetes"] as const;

type BackendName = (typeof BACKENDS)[number];

/** @param box the name of one that a session is in. Default: the configured one. */
type BoxOf = (name: BackendName, host: string | null, box?: string) => SandboxBackend;

/** A machine that does not answer for so long is left out where a command only looks. */
const LOOK_SECONDS = 5;

/** Characters of a command, and of one of its words, that `-v` shows. */
const LONGEST_TRACED = 500;
const LONGEST_TRACED_WORD = 120;

/**
 * The composition root: the one place that calls constructors. Each part is made when a command
 * first asks for it, and its code is loaded then.
 */
export class Parts {
  readonly #options: PartsOptions;
  readonly #made = new Map<string, Promise<unknown>>();

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  /** Runs programs on this machine; with `-v` each is shown with its time. */
  runner(): Promise<CommandRunner> {
    return this.#once("runner", async () => this.#traced(await this.#bareRunner(), ""));
  }

  /**
   * The repository that `--repo` or the current folder is in.
   *
   * @param options.checkVersion `false` where only its path is wanted: one call of git less.
   */
  repo(options: { readonly checkVersion?: boolean } = {}): Promise<Repo> {
    return this.#once("repo", async () => {
      const [{ Repo }, runner] = await Promise.all([import("@cco/git"), this.runner()]);
      return Repo.open(runner, this.#options.globals.repo, options);
    });
  }

  /** The user's configuration. */
  userConfig(): Promise<Config> {
    return this.#once("userConfig", () => readConfig(this.userConfigFile(), "user"));
  }

  userConfigFile(): string {
    return userConfigFile(this.#options.env, this.#options.cwd);
  }

  /** What holds in `repo`, or without one. */
  async settings(repo: Repo | undefined): Promise<Settings> {
    const repository =
      repo === undefined ? {} : await readConfig(repositoryConfigFile(repo.root), "repository");
    return settingsOf({ user: await this.userConfig(), repository, env: this.#options.env });
  }

  /** @param name default: the setting. @throws {CliError} `BACKEND_UNKNOWN` */
  async backend(name?: string, patience: Patience = {}): Promise<SandboxBackend> {
    const wanted = name ?? textSetting(await this.settings(undefined), "backend") ?? "local";
    const known = checkedBackend(wanted);
    return (await this.#boxes(patience))(known, this.host);
  }

  /** The machine that `--host` names, or `null` for this one. */
  get host(): string | null {
    return this.#options.globals.host ?? null;
  }

  /** The session engine. @param backend where new sessions go; default: the setting. */
  async sandbox(backend?: string, patience: Patience = {}): Promise<Sandbox> {
    const [{ Sandbox }, box, boxOf, runner, config, agents] = await Promise.all([
      import("@cco/sandbox"),
      this.backend(backend, patience),
      this.#boxes(patience),
      this.runner(),
      this.userConfig(),
      this.agents(),
    ]);
    const network = config.backends?.[box.name as BackendName]?.network;
    return new Sandbox({
      backend: box,
      backendFor: (session) => {
        const known = BACKENDS.find((name) => name === session.backend);
        return known === undefined ? undefined : boxOf(known, session.host, session.box);
      },
      host: this.host,
      runner,
      env: this.#options.env,
      agents,
      ...(network === undefined ? {} : { network: withoutUndefined(network) }),
      intake: intakeOf(config),
      onEvent: (event) => {
        if (event.type === "note") this.#options.talk.note(event.message);
        else this.#options.talk.progress(event.message);
      },
    });
  }

  /** The agents that can be named. */
  async agents(): Promise<readonly AgentProfile[]> {
    const [{ BUILT_IN_AGENTS }, { configuredAgents }, config] = await Promise.all([
      import("@cco/sandbox"),
      import("./config/agents.js"),
      this.userConfig(),
    ]);
    const own = configuredAgents(config.agents ?? {}, this.userConfigFile());
    const names = new Set(own.map(({ name }) => name));
    return [...own, ...BUILT_IN_AGENTS.filter(({ name }) => !names.has(name))];
  }

  /** Worktrees and tmux windows. */
  workspaces(): Promise<Workspaces<Session>> {
    return this.#once("workspaces", async () => {
      const { Workspaces } = await import("@cco/workspace");
      return new Workspaces<Session>({
        runner: await this.runner(),
        env: this.#options.env,
        sessions: async (repo) =>
          (await this.sandbox(undefined, { onlyLooks: true })).list({ repo }),
        onEvent: (event) => {
          this.#workspaceEvent(event);
        },
      });
    });
  }

  /** Makes the box of a kind on a machine, each once. */
  #boxes({ onlyLooks = false }: Patience): Promise<BoxOf> {
    return this.#once(`boxes ${String(onlyLooks)}`, async () => {
      const [
        { LocalBackend },
        { ContainerBackend },
        { SshRunner },
        { makeKubernetes },
        lima,
        here,
        bare,
        config,
      ] = await Promise.all([
        import("@cco/local"),
        import("@cco/container"),
        import("@cco/ssh"),
        import("./kubernetes.js"),
        this.#lima(),
        this.runner(),
        this.#bareRunner(),
        this.userConfig(),
      ]);
      const { env, terminal, globals, talk } = this.#options;
      const place = (host: string): CommandRunner => {
        const patience = onlyLooks
          ? { connectTimeout: LOOK_SECONDS, limitMs: LOOK_SECONDS * 1000 }
          : { mayAsk: terminal };
        return this.#traced(new SshRunner({ host, runner: bare, env, ...patience }), `${host}: `);
      };
      type Make = (host: string | null, box?: string) => SandboxBackend;
      const make: Readonly<Record<BackendName, Make>> = {
        local: (host) => new LocalBackend({ runner: host === null ? here : place(host) }),
        lima: (host, box) => lima(host === null ? here : place(host), box),
        container: (host) =>
          new ContainerBackend({
            runner: host === null ? here : place(host),
            ...containerOf(config),
          }),
        // Its kubeconfig says where it is.
        kubernetes: () =>
          makeKubernetes({ config, env, trace: globals.verbose ? talk : undefined }),
      };
      const made = new Map<string, SandboxBackend>();
      return (name, host, box) => {
        const key = `${name} ${host ?? ""} ${name === "lima" ? (box ?? "") : ""}`;
        const found = made.get(key) ?? make[name](host, box);
        made.set(key, found);
        return found;
      };
    });
  }

  /** Joins a VM of the machine that `host` runs programs on with the sandbox in it. */
  async #lima(): Promise<(host: CommandRunner, box?: string) => SandboxBackend> {
    const [{ LimaBackend, LimaClient, LimaRunner, DEFAULT_BOX }, { LocalBackend }, config, tools] =
      await Promise.all([
        import("@cco/lima"),
        import("@cco/local"),
        this.userConfig(),
        this.#agentTools(),
      ]);
    const { name = DEFAULT_BOX, template } = config.backends?.lima ?? {};
    const folder = dirname(this.userConfigFile());
    return (host, box = name) => {
      const client = new LimaClient(host);
      const runner = new LimaRunner(client, box);
      return new LimaBackend({
        client,
        runner,
        inner: new LocalBackend({ runner }),
        name: box,
        tools,
        ...(template === undefined ? {} : { template: resolve(folder, template) }),
      });
    };
  }

  /** The program of the agent that is set, for a box whose machine can install it. */
  async #agentTools(): Promise<readonly { program: string; install: string }[]> {
    const [agents, settings] = await Promise.all([this.agents(), this.settings(undefined)]);
    const profile = agents.find(({ name }) => name === textSetting(settings, "agent"));
    const program = profile?.programs[0];
    if (program === undefined || profile?.install === undefined) return [];
    return [{ program, install: profile.install }];
  }

  #bareRunner(): Promise<CommandRunner> {
    return this.#once("bareRunner", async () => {
      const { ExecaRunner } = await import("@cco/exec");
      return new ExecaRunner({ env: this.#options.env });
    });
  }

  /** With `-v`, `runner` shows each command with its time and where it ran. */
  #traced(runner: CommandRunner, where: string): CommandRunner {
    if (!this.#options.globals.verbose) return runner;
    return traceRunner(runner, ({ argv, durationMs, exitCode }) => {
      const end = exitCode === null ? "no exit code" : `exit ${String(exitCode)}`;
      const words = argv.map((word) => shortened(word, LONGEST_TRACED_WORD));
      const command = shortened(quoteArgv(words), LONGEST_TRACED);
      this.#options.talk.trace(`[${String(durationMs)} ms, ${end}] ${where}${command}`);
    });
  }

  #workspaceEvent(event: WorkspaceEvent): void {
    const { talk } = this.#options;
    if (event.type === "note") talk.note(event.text);
    else if (event.type === "setup-started") talk.note(`running ${event.path}`);
    else if (event.type === "setup-output") talk.output(event.chunk);
    else talk.progress(event.type.replace("-", " "));
  }

  #once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const made = this.#made.get(name) ?? make();
    this.#made.set(name, made);
    return made as Promise<T>;
  }
}

function checkedBackend(name: string): BackendName {
  const known = BACKENDS.find((backend) => backend === name);
  if (known !== undefined) return known;
  throw new CliError("BACKEND_UNKNOWN", `no such backend: ${name}`, {
    hint: `there is: ${BACKENDS.join(", ")}`,
  });
}

function intakeOf({ intake }: Config): IntakeOptions {
  return {
    ...(intake?.tiers === undefined ? {} : { tiers: withoutUndefined(intake.tiers) }),
    ...(intake?.maxBundleBytes === undefined ? {} : { maxBundleBytes: intake.maxBundleBytes }),
  };
}

function containerOf({ backends }: Config): ContainerBackendOptions {
  const { engine, name, image, rootfs, memory, cpus, pids, userns } = backends?.container ?? {};
  const processors = cpus === undefined ? undefined : String(cpus);
  return withoutUndefined({ engine, name, image, rootfs, memory, cpus: processors, pids, userns });
}

/** A script or a long command is recognised by how it begins. */
function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** The same without keys that are `undefined`. */
function withoutUndefined<T extends object>(
  value: T,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: Exclude<T[K], undefined> };
}
