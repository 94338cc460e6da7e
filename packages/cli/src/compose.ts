import { dirname } from "node:path";

import type { SandboxBackend } from "@cco/backend";
import { quoteArgv, traceRunner, type CommandRunner } from "@cco/exec";
import type { Repo } from "@cco/git";
import type { AgentProfile, IntakeOptions, Sandbox, Session } from "@cco/sandbox";
import type { WorkspaceEvent, Workspaces } from "@cco/workspace";

import { BACKENDS, type BackendName } from "./backends.js";
import type { Boxes, BoxTool, Patience } from "./boxes.js";
import { readConfig, repositoryConfigFile, userConfigFile } from "./config/files.js";
import type { Config } from "./config/schema.js";
import { settingsOf, textSetting, type Settings } from "./config/settings.js";
import { withoutUndefined } from "./config/without-undefined.js";
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
    return (await this.#boxes(patience)).box(known, this.host);
  }

  /** The machine that `--host` names, or `null` for this one. */
  get host(): string | null {
    return this.#options.globals.host ?? null;
  }

  /** The session engine. @param backend where new sessions go; default: the setting. */
  sandbox(backend?: string, patience: Patience = {}): Promise<Sandbox> {
    const key = `sandbox ${backend ?? ""} ${String(patience.onlyLooks)}`;
    return this.#once(key, () => this.#sandbox(backend, patience));
  }

  async #sandbox(backend: string | undefined, patience: Patience): Promise<Sandbox> {
    const [{ Sandbox }, box, boxes, runner, config, agents] = await Promise.all([
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
        return known === undefined ? undefined : boxes.box(known, session.host, session.box);
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

  #boxes(patience: Patience): Promise<Boxes> {
    return this.#once(`boxes ${String(patience.onlyLooks)}`, async () => {
      const [{ Boxes }, here, bare, config] = await Promise.all([
        import("./boxes.js"),
        this.runner(),
        this.#bareRunner(),
        this.userConfig(),
      ]);
      return new Boxes({
        ...this.#options,
        patience,
        here,
        bare,
        config,
        configFolder: dirname(this.userConfigFile()),
        traced: (runner, where) => this.#traced(runner, where),
        tools: () => this.#agentTools(),
      });
    });
  }

  /** The program of the agent that is set, for a box whose machine can install it. */
  async #agentTools(): Promise<readonly BoxTool[]> {
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

/** A script or a long command is recognised by how it begins. */
function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
