import {
  BackendError,
  checkedGuestId,
  type BackendCheck,
  type BackendCreateOptions,
  type BackendDescription,
  type BackendPromises,
  type BackendStatus,
  type Guest,
  type GuestFile,
  type GuestNetwork,
  type GuestOptions,
  type GuestState,
  type SandboxBackend,
  type TurnRules,
} from "@cco/backend";
import { ExecaRunner, type CommandRunner } from "@cco/exec";

import { BoxImage, type ImageSource } from "./box-image.js";
import { ContainerGuest } from "./container-guest.js";
import type { BoxSettings } from "./create-argv.js";
import { describeEngine } from "./describe.js";
import { EngineClient } from "./engine-client.js";
import { ENGINES, NO_SUCH_CONTAINER, type EngineName } from "./engines.js";
import { guestScripts, makeGuest, requirePrograms } from "./make-guest.js";
import { GUEST_HOME, guestNames, LABEL, PROVISION } from "./names.js";
import { checksOf, statusOf } from "./probe.js";
import { parseRecord, type GuestRecord } from "./record.js";
import { parseContainers, STATE_FORMAT, STATES } from "./states.js";

export interface ContainerBackendOptions extends ImageSource {
  /** The place. Default: this machine. */
  readonly runner?: CommandRunner;
  /** Default: `podman`. */
  readonly engine?: EngineName;
  /** Name of the box; two boxes of one engine do not see each other's guests. Default: `cco`. */
  readonly name?: string;
  /** Network of guests that are opened without one. Default: `none`. */
  readonly network?: GuestNetwork;
  /** Most memory of each container of a guest, `4g`. Default: `4g`. */
  readonly memory?: string;
  /** Processors of each, `1.5`. Default: all there are. */
  readonly cpus?: string;
  /** Most processes of each. Default: 4096. */
  readonly pids?: number;
  /** `--userns` of each, where the engine has it. Default: the engine's own. */
  readonly userns?: string;
}

const NO_NETWORK: GuestNetwork = { policy: "none", allow: [] };

const PROMISES: BackendPromises = {
  networkPolicies: ["none", "allowlist", "open"],
  networkEnforcedBy: "a container without a network, and cco's proxy in another",
  reapsProcesses: true,
  separatesProcesses: true,
  observesEnd: true,
  terminalOutside: false,
  survivesHostRestart: false,
};

/** podman or docker, in whatever place the runner reaches: two containers for each guest. */
export class ContainerBackend implements SandboxBackend {
  readonly name = "container";
  readonly box: string;
  readonly promises = PROMISES;
  readonly #client: EngineClient;
  readonly #settings: BoxSettings;
  readonly #image: BoxImage;
  readonly #network: GuestNetwork;

  constructor(options: ContainerBackendOptions = {}) {
    const { memory = "4g", cpus, pids = 4096, userns } = options;
    this.box = checkedGuestId(options.name ?? "cco");
    const engine = ENGINES[options.engine ?? "podman"];
    this.#client = new EngineClient(options.runner ?? new ExecaRunner(), engine);
    this.#settings = { engine, box: this.box, limits: { memory, cpus, pids }, userns };
    this.#image = new BoxImage(this.#client, this.box, options);
    this.#network = options.network ?? NO_NETWORK;
  }

  status(): Promise<BackendStatus> {
    return statusOf(this.#client, this.#image);
  }

  check(): Promise<readonly BackendCheck[]> {
    return checksOf(this.#client, this.#image);
  }

  describe(): Promise<BackendDescription> {
    return describeEngine(this.#client);
  }

  /**
   * Makes the box's image, from its base.
   *
   * @throws {BackendError} `BOX_MISSING`, `BOX_BROKEN` with the command that mends it.
   */
  async create(options: BackendCreateOptions = {}): Promise<void> {
    const [engine] = await this.check();
    if (engine?.ok === false) throw notThere(engine);
    options.onProgress?.(`${this.#settings.engine.name}: ${engine?.detail ?? ""}`);
    await this.#image.make(options);
  }

  /** @throws {BackendError} `BOX_MISSING`, `BOX_BROKEN` with the command that mends it. */
  async start(): Promise<void> {
    const wrong = (await this.check()).find(({ ok }) => !ok);
    if (wrong !== undefined) throw notThere(wrong);
  }

  /** Ends every session's agent; what they left stays. */
  async stop(): Promise<void> {
    for (const [id, state] of await this.guests()) {
      if (state.kind === "running") await (await this.openGuest(id)).stop();
    }
  }

  async destroy(): Promise<void> {
    for (const id of await this.#ids()) await this.closeGuest(id);
    // Either may never have been made.
    await this.#client.ask(["volume", "rm", "--force", `${this.box}-provision`]);
    await this.#client.ask(["image", "rm", await this.#image.name()]);
  }

  /** Files for the home of every guest made from now on. */
  async provision(files: readonly GuestFile[]): Promise<void> {
    for (const file of files) {
      const script = 'mkdir -p -- "$(dirname -- "$1")" && cat >"$1" && chmod "$2" "$1"';
      const path = `${PROVISION}/${homePath(file.path)}`;
      const mode = (file.mode ?? 0o644).toString(8);
      const flags = ["--rm", "--interactive", "--network", "none", "--user", "1000:1000"];
      const volume = ["--volume", `${this.box}-provision:${PROVISION}`];
      const image = await this.#image.name();
      await this.#client.run(
        `cannot provision ${file.path}`,
        ["run", ...flags, ...volume, image, "sh", "-c", script, "provision", path, mode],
        { stdin: Buffer.from(file.content) },
      );
    }
  }

  async openGuest(guestId: string, options?: GuestOptions): Promise<Guest> {
    const id = checkedGuestId(guestId);
    const record = (await this.#kept(id)) ?? (await this.#make(id, options ?? {}));
    return this.#guest(record);
  }

  async closeGuest(guestId: string): Promise<void> {
    const id = checkedGuestId(guestId);
    const { engine } = this.#client;
    const { volumes, netVolume } = guestNames(this.box, id);
    const containers = await this.#containers(`label=${LABEL.guest}=${id}`);
    if (containers.length > 0) await this.#remove(["rm", ...engine.removeFlags, ...containers]);
    await this.#remove(["volume", "rm", "--force", ...Object.values(volumes), netVolume]);
  }

  async guests(only?: string): Promise<ReadonlyMap<string, GuestState>> {
    return this.#states(only === undefined ? undefined : guestNames(this.box, only).agent);
  }

  #guest(record: GuestRecord): Guest {
    const settings = this.#settings;
    const agent = guestNames(this.box, record.id).agent;
    const state = async (): Promise<GuestState> =>
      (await this.#states(agent)).get(record.id) ?? { kind: "absent" };
    return new ContainerGuest({ client: this.#client, settings, record, state });
  }

  /** @param agent the container of one guest; without it all guests of the box. */
  async #states(agent?: string): Promise<ReadonlyMap<string, GuestState>> {
    const { engine, runner } = this.#client;
    const one = agent === undefined ? [] : [agent];
    const argv = ["sh", "-c", STATES, "states", engine.program, this.box, STATE_FORMAT, ...one];
    const result = await runner.run(argv);
    if (result.exitCode !== 0 && !NO_SUCH_CONTAINER.test(result.stderr)) {
      throw this.#client.failed("cannot list the guests", result);
    }
    return parseContainers(result.stdout.toString("utf8"));
  }

  async #ids(): Promise<readonly string[]> {
    const containers = await this.#containers();
    if (containers.length === 0) return [];
    const format = `{{index .Config.Labels "${LABEL.guest}"}}`;
    const args = ["container", "inspect", "--format", format, ...containers];
    const { stdout } = await this.#client.run("cannot list the guests", args);
    return [...new Set(words(stdout.toString()))];
  }

  /** Containers of the box, those that `filters` name too. */
  async #containers(...filters: readonly string[]): Promise<readonly string[]> {
    const all = [`label=${LABEL.box}=${this.box}`, ...filters].flatMap((one) => ["--filter", one]);
    const args = ["ps", "--all", "--quiet", "--no-trunc", ...all];
    const { stdout } = await this.#client.run("cannot list the containers", args);
    return words(stdout.toString());
  }

  /** The record of a guest that is there whole, its keeper running; else `null`. */
  async #kept(id: string): Promise<GuestRecord | null> {
    const { keeper, agent } = guestNames(this.box, id);
    const format = `{{json .State.Status}} {{json (index .Config.Labels "${LABEL.record}")}}`;
    const args = ["container", "inspect", "--format", format, keeper, agent];
    const result = await this.#client.ask(args);
    if (result.exitCode !== 0) {
      if (NO_SUCH_CONTAINER.test(result.stderr)) return null;
      throw this.#client.failed(`cannot look for guest ${id}`, result);
    }
    const [line = ""] = result.stdout.toString("utf8").split("\n");
    const space = line.indexOf(" ");
    const record = parseRecord(JSON.parse(line.slice(space + 1)) as string, id);
    if (line.slice(0, space) !== '"running"') {
      await this.#client.run(`cannot start ${keeper}`, ["start", keeper]);
    }
    return record;
  }

  async #make(id: string, options: GuestOptions): Promise<GuestRecord> {
    const record: GuestRecord = {
      version: 1,
      id,
      image: await this.#image.name(),
      network: options.network ?? this.#network,
      env: options.env ?? {},
      turns: tellsOfTurns(options.turns),
    };
    const scripts = await guestScripts(record, options);
    try {
      await makeGuest(this.#client, this.#settings, record, scripts);
      await requirePrograms(this.#guest(record), record, options.programs ?? []);
    } catch (error) {
      await this.closeGuest(id).catch(() => undefined);
      throw error;
    }
    return record;
  }

  async #remove(args: readonly string[]): Promise<void> {
    const result = await this.#client.ask(args);
    if (result.exitCode === 0 || /no such/i.test(result.stderr)) return;
    throw this.#client.failed(`cannot remove ${args.at(-1) ?? ""}`, result);
  }
}

/** Whether it can come to wait for something: each look at such a guest is one program more. */
function tellsOfTurns(rules: TurnRules | undefined): boolean {
  const { text, again, dialogPatterns, loginPatterns } = rules ?? {};
  return [text, again, dialogPatterns, loginPatterns].some((rule) => rule !== undefined);
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function homePath(path: string): string {
  const relative = path.startsWith(`${GUEST_HOME}/`) ? path.slice(GUEST_HOME.length + 1) : path;
  if (!relative.startsWith("/") && !relative.split("/").includes("..")) return relative;
  throw new BackendError("BACKEND_FAILED", `a guest of this box has no ${path} of its own`, {
    hint: `provision files under ${GUEST_HOME}`,
  });
}

function notThere(check: BackendCheck): BackendError {
  const code =
    check.detail === "not found" || check.name === "image" ? "BOX_MISSING" : "BOX_BROKEN";
  return new BackendError(code, `${check.name}: ${check.detail}`, { hint: check.fix });
}
