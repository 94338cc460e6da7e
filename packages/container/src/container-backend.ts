import {
  BackendError,
  checkedGuestId,
  entryScript,
  keeperScript,
  launchScript,
  needsNetHelper,
  outsideArgv,
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
import { ExecaRunner, type CommandRunner, type RunOptions, type RunResult } from "@cco/exec";

import { BoxImage, type ImageSource } from "./box-image.js";
import { ContainerGuest } from "./container-guest.js";
import { agentArgv, boxScript, keeperArgv, netArgv, type BoxSettings } from "./create-argv.js";
import { describeEngine } from "./describe.js";
import {
  ENGINES,
  NAME_TAKEN,
  NO_SUCH_CONTAINER,
  type EngineName,
  NO_SUCH_IMAGE,
} from "./engines.js";
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
  readonly #runner: CommandRunner;
  readonly #settings: BoxSettings;
  readonly #image: BoxImage;
  readonly #network: GuestNetwork;

  constructor(options: ContainerBackendOptions = {}) {
    const { memory = "4g", cpus, pids = 4096, userns } = options;
    this.box = checkedGuestId(options.name ?? "cco");
    this.#runner = options.runner ?? new ExecaRunner();
    const engine = ENGINES[options.engine ?? "podman"];
    this.#settings = { engine, box: this.box, limits: { memory, cpus, pids }, userns };
    this.#image = new BoxImage(this.#runner, engine, this.box, options);
    this.#network = options.network ?? NO_NETWORK;
  }

  status(): Promise<BackendStatus> {
    return statusOf(this.#runner, this.#settings.engine, this.#image);
  }

  check(): Promise<readonly BackendCheck[]> {
    return checksOf(this.#runner, this.#settings.engine, this.#image);
  }

  describe(): Promise<BackendDescription> {
    return describeEngine(this.#runner, this.#settings.engine);
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
    await this.#engine(["volume", "rm", "--force", `${this.box}-provision`]).catch(() => undefined);
    await this.#engine(["image", "rm", await this.#image.name()]).catch(() => undefined);
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
      await this.#engine(
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
    const { engine } = this.#settings;
    const { volumes, netVolume } = guestNames(this.box, id);
    const filter = ["--filter", `label=${LABEL.box}=${this.box}`];
    const mine = ["--filter", `label=${LABEL.guest}=${id}`];
    const listed = await this.#engine(["ps", "--all", "--quiet", "--no-trunc", ...filter, ...mine]);
    const containers = words(listed.stdout.toString());
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
    return new ContainerGuest({ runner: this.#runner, settings, record, state });
  }

  /** @param agent the container of one guest; without it all guests of the box. */
  async #states(agent?: string): Promise<ReadonlyMap<string, GuestState>> {
    const { engine } = this.#settings;
    const one = agent === undefined ? [] : [agent];
    const argv = ["sh", "-c", STATES, "states", engine.program, this.box, STATE_FORMAT, ...one];
    const result = await this.#runner.run(argv);
    if (result.exitCode !== 0 && !NO_SUCH_CONTAINER.test(result.stderr)) {
      throw this.#failed("cannot list the guests", result);
    }
    return parseContainers(result.stdout.toString("utf8"));
  }

  async #ids(): Promise<readonly string[]> {
    const filter = ["--filter", `label=${LABEL.box}=${this.box}`];
    const listed = await this.#engine(["ps", "--all", "--quiet", "--no-trunc", ...filter]);
    const containers = words(listed.stdout.toString());
    if (containers.length === 0) return [];
    const format = `{{index .Config.Labels "${LABEL.guest}"}}`;
    const argv = ["container", "inspect", "--format", format, ...containers];
    return [...new Set(words((await this.#engine(argv)).stdout.toString()))];
  }

  /** The record of a guest that is there whole, its keeper running; else `null`. */
  async #kept(id: string): Promise<GuestRecord | null> {
    const { engine } = this.#settings;
    const { keeper, agent } = guestNames(this.box, id);
    const format = `{{json .State.Status}} {{json (index .Config.Labels "${LABEL.record}")}}`;
    const argv = [engine.program, "container", "inspect", "--format", format, keeper, agent];
    const result = await this.#runner.run(argv);
    if (result.exitCode !== 0) {
      if (NO_SUCH_CONTAINER.test(result.stderr)) return null;
      throw this.#failed(`cannot look for guest ${id}`, result);
    }
    const [line = ""] = result.stdout.toString("utf8").split("\n");
    const space = line.indexOf(" ");
    const record = parseRecord(JSON.parse(line.slice(space + 1)) as string, id);
    if (line.slice(0, space) !== '"running"') await this.#engine(["start", keeper]);
    return record;
  }

  async #make(id: string, options: GuestOptions): Promise<GuestRecord> {
    const settings = this.#settings;
    const { engine } = settings;
    const names = guestNames(this.box, id);
    const network = options.network ?? this.#network;
    const record: GuestRecord = {
      version: 1,
      id,
      image: await this.#image.name(),
      network,
      env: options.env ?? {},
      turns: tellsOfTurns(options.turns),
    };
    const online = needsNetHelper(network);
    // An entry of `allow` that cannot be read is refused before anything is made.
    if (online) outsideArgv({ node: "node", helper: "", socket: "", network });
    const label = ["--label", `${LABEL.box}=${this.box}`, "--label", `${LABEL.guest}=${id}`];
    const volumes = [...Object.values(names.volumes), ...(online ? [names.netVolume] : [])];
    const [keeper, launch, box, entry] = await Promise.all([
      keeperScript(),
      launchScript(),
      boxScript(record, options),
      entryScript(),
    ]);
    try {
      await Promise.all(volumes.map((name) => this.#create(["volume", "create", ...label, name])));
      const scripts = { keeper, launch, box };
      await this.#create(keeperArgv(settings, record, scripts, options.afterEnd ?? []).slice(1));
      await Promise.all([
        this.#engine(["start", names.keeper]),
        this.#create(agentArgv(settings, record, entry).slice(1)),
        ...(online ? [this.#create(netArgv(settings, record).slice(1))] : []),
      ]);
      await this.#requirePrograms(record, options.programs ?? []);
    } catch (error) {
      await this.closeGuest(id).catch(() => undefined);
      throw error instanceof BackendError || !(error instanceof Error)
        ? error
        : new BackendError("BACKEND_FAILED", `${engine.name}: ${error.message}`, { cause: error });
    }
    return record;
  }

  /** @throws {BackendError} `PROGRAM_NOT_FOUND`, `NETWORK_UNSUPPORTED`. */
  async #requirePrograms(record: GuestRecord, programs: readonly string[]): Promise<void> {
    const online = needsNetHelper(record.network);
    const wanted = [...programs, ...(online ? ["node"] : [])];
    if (wanted.length === 0) return;
    const script =
      'for program; do command -v -- "$program" >/dev/null || printf "%s\\n" "$program"; done';
    const found = await this.#guest(record).exec(["sh", "-c", script, "look", ...wanted]);
    const [missing] = found.stdout.toString("utf8").split("\n");
    if (missing === undefined || missing === "") return;
    if (missing === "node" && !programs.includes("node")) {
      throw new BackendError("NETWORK_UNSUPPORTED", "this network policy needs Node in the image", {
        hint: "use an image with Node 20.19 or newer, or the network policy none",
      });
    }
    throw new BackendError("PROGRAM_NOT_FOUND", `program not found: ${missing}`, {
      hint: "put it into the image: backends.container.image, then cco box create --backend container",
    });
  }

  /** Somebody else may be making the same. */
  async #create(args: readonly string[]): Promise<void> {
    const result = await this.#runner.run([this.#settings.engine.program, ...args]);
    if (result.exitCode === 0 || isTaken(result.stderr)) return;
    if (NO_SUCH_IMAGE.test(result.stderr)) {
      throw new BackendError("BOX_MISSING", "the box's image was not made, or is gone", {
        hint: "cco box create --backend container",
      });
    }
    throw this.#failed(args.slice(0, 2).join(" "), result);
  }

  async #remove(args: readonly string[]): Promise<void> {
    const result = await this.#runner.run([this.#settings.engine.program, ...args]);
    if (result.exitCode === 0 || /no such/i.test(result.stderr)) return;
    throw this.#failed(args.slice(0, 2).join(" "), result);
  }

  async #engine(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const result = await this.#runner.run([this.#settings.engine.program, ...args], options);
    if (result.exitCode !== 0) throw this.#failed(args.slice(0, 2).join(" "), result);
    return result;
  }

  #failed(what: string, result: RunResult): BackendError {
    const { engine } = this.#settings;
    const said = result.stderr.trim() || `exit code ${result.exitCode}`;
    if (engine.unreachable.test(said)) {
      return new BackendError("BOX_BROKEN", `${engine.name} does not answer: ${said}`, {
        hint: engine.start,
      });
    }
    return new BackendError("BACKEND_FAILED", `${engine.name}: ${what}: ${said}`);
  }
}

/** Whether it can come to wait for something: each look at such a guest is one program more. */
function tellsOfTurns(rules: TurnRules | undefined): boolean {
  const { text, again, dialogPatterns, loginPatterns } = rules ?? {};
  return [text, again, dialogPatterns, loginPatterns].some((rule) => rule !== undefined);
}

function isTaken(stderr: string): boolean {
  return NAME_TAKEN.test(stderr) || /already exists/i.test(stderr);
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
