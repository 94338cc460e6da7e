import { createHash } from "node:crypto";

import {
  BackendError,
  checkedGuestId,
  insideHelper,
  insideScript,
  launchScript,
  needsNetHelper,
  NET_HELPER,
  parseStates,
  readNetHelper,
  turnScript,
  type BackendCheck,
  type BackendCreateOptions,
  type BackendDescription,
  type BackendPromises,
  type BackendStatus,
  type Guest,
  type GuestFile,
  type GuestNetwork,
  type GuestOptions,
  type GuestRelay,
  type GuestState,
  type SandboxBackend,
} from "@cco/backend";
import { ExecaRunner, type CommandRunner, type RunResult } from "@cco/exec";

import { boxScript } from "./box-script.js";
import { bwrapArgv, ETC_FILES, GUEST_HOME } from "./bwrap-argv.js";
import { checkPlace } from "./check.js";
import { describePlace } from "./describe.js";
import { afterArgv, LocalGuest } from "./local-guest.js";
import { guestNet, netDir, outsideHelper, proxyVariables, RELAY_HEADERS } from "./guest-net.js";
import { parseRecord, type GuestRecord } from "./guest-record.js";
import { survey, type Surveyed } from "./place.js";
import { CLOSE, CREATE, DESTROY, HELPER, LIST, NO_HELPER, PROVISION, READ } from "./scripts.js";

export interface LocalBackendOptions {
  /** The place. Default: this machine. */
  readonly runner?: CommandRunner;
  /** cco's data folder in the place. Default: its `$XDG_DATA_HOME/cco`, else `~/.local/share/cco`. */
  readonly dataDir?: string;
  /** Network of guests that are opened without one. Default: `none`. */
  readonly network?: GuestNetwork;
  /** Where the configuration has the network's `allow`; a refused program is told. Default: the local box's. */
  readonly configKey?: string;
}

/** The network helper: kept in the place under a name for its content, it is sent there once. */
interface Helper {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What was seen of the place so long ago still holds. */
const FRESH_MS = 10_000;

const NO_NETWORK: GuestNetwork = { policy: "none", allow: [] };

const PROMISES: BackendPromises = {
  networkPolicies: ["none", "allowlist", "open"],
  networkEnforcedBy: "a network namespace of its own, and cco's proxy outside it",
  reapsProcesses: true,
  separatesProcesses: true,
  observesEnd: true,
  terminalOutside: true,
  survivesHostRestart: false,
  relaysKeys: true,
};

/**
 * The OS sandbox: bubblewrap on Linux, in whatever place the runner reaches. A guest is a folder
 * of the place with its workspace, exchange, home and a control folder it never sees.
 */
export class LocalBackend implements SandboxBackend {
  readonly name = "local";
  readonly box = "local";
  readonly promises = PROMISES;
  readonly #runner: CommandRunner;
  readonly #network: GuestNetwork;
  readonly #dataDir: string | undefined;
  readonly #configKey: string | undefined;
  /** What `status` saw just now; `openGuest` mostly comes right after it. */
  #seen: { readonly surveyed: Surveyed; readonly at: number } | undefined;
  /** Guests of this process: what their records say is known without a look. */
  readonly #made = new Map<string, GuestRecord>();

  constructor(options: LocalBackendOptions = {}) {
    this.#runner = options.runner ?? new ExecaRunner();
    this.#network = options.network ?? NO_NETWORK;
    this.#dataDir = options.dataDir;
    this.#configKey = options.configKey;
  }

  async status(): Promise<BackendStatus> {
    const surveyed = await survey(this.#runner, this.#dataDir, []);
    this.#seen = { surveyed, at: performance.now() };
    const { place } = surveyed;
    const needed = ["bwrap", "tmux", "git", "tar"];
    return needed.every((tool) => tool in place.tools) ? "running" : "missing";
  }

  check(): Promise<readonly BackendCheck[]> {
    return checkPlace(this.#runner);
  }

  async describe(): Promise<BackendDescription> {
    const data = this.#dataDir ?? (await survey(this.#runner, undefined, [])).place.data;
    return describePlace(this.#runner, data);
  }

  /**
   * Nothing is made: the tools are there or not.
   *
   * @throws {BackendError} `BOX_MISSING` with the command that mends it.
   */
  async create(options: BackendCreateOptions = {}): Promise<void> {
    for (const { name, ok, detail, fix } of await this.check()) {
      options.onProgress?.(`${name}: ${detail}`);
      if (!ok) throw new BackendError("BOX_MISSING", `${name}: ${detail}`, { hint: fix });
    }
  }

  start(options: BackendCreateOptions = {}): Promise<void> {
    return this.create(options);
  }

  /** Ends every session's agent; what they left stays. */
  async stop(): Promise<void> {
    for (const [id, state] of await this.guests()) {
      if (state.kind === "running") await (await this.openGuest(id)).stop();
    }
  }

  async destroy(): Promise<void> {
    for (const id of (await this.guests()).keys()) await this.closeGuest(id);
    await this.#script("cannot remove the box", DESTROY, [this.#dataDir ?? "-"]);
  }

  /** Files for the home of every guest made from now on. */
  async provision(files: readonly GuestFile[]): Promise<void> {
    for (const file of files) {
      const args = [this.#dataDir ?? "-", homePath(file.path), (file.mode ?? 0o644).toString(8)];
      await this.#script(`cannot provision ${file.path}`, PROVISION, args, file.content);
    }
  }

  async openGuest(guestId: string, options?: GuestOptions): Promise<Guest> {
    const id = checkedGuestId(guestId);
    if (options === undefined) {
      const kept = this.#made.get(id) ?? (await this.#kept(id));
      if (kept !== null) return new LocalGuest(this.#runner, kept);
    }
    return new LocalGuest(this.#runner, await this.#make(id, options ?? {}));
  }

  async closeGuest(guestId: string): Promise<void> {
    const id = checkedGuestId(guestId);
    this.#made.delete(id);
    await this.#script(`cannot remove guest ${id}`, CLOSE, [this.#dataDir ?? "-", id]);
  }

  async guests(only?: string): Promise<ReadonlyMap<string, GuestState>> {
    const one = only === undefined ? [] : [checkedGuestId(only)];
    const args = [this.#dataDir ?? "-", await launchScript(), ...one];
    const result = await this.#script("cannot list the guests", LIST, args);
    return parseStates(result.stdout.toString("utf8"));
  }

  /** The record of a guest that was opened before, or `null`. */
  async #kept(id: string): Promise<GuestRecord | null> {
    const result = await this.#script(`cannot read guest ${id}`, READ, [this.#dataDir ?? "-", id]);
    const json = result.stdout.toString("utf8");
    return json === "" ? null : parseRecord(json, id);
  }

  async #make(id: string, options: GuestOptions): Promise<GuestRecord> {
    const network = options.network ?? this.#network;
    const { relay } = options;
    const withHelper = needsNetHelper(network) || relay !== undefined;
    const names = [...(options.programs ?? []), ...(withHelper ? ["node"] : [])];
    const { place, programs } = await this.#survey(names).catch((error: unknown) => {
      throw withHelper && missesNode(error) ? noNode() : error;
    });
    for (const tool of ["bwrap", "tmux", "git", "tar"]) {
      if (!(tool in place.tools)) throw toolMissing(tool);
    }
    const record: GuestRecord = {
      version: 1,
      id,
      guestDir: `${place.data}/guests/${id}`,
      etcDir: `${place.data}/local/etc-1`,
      place,
      programs,
      network,
      env: options.env ?? {},
      ...(relay && { relay: { port: relay.port, target: relay.target } }),
    };
    await this.#write(record, options, withHelper ? await this.#helper() : undefined);
    if (relay !== undefined) await this.#putHeaders(record, relay);
    this.#made.set(id, record);
    return record;
  }

  #survey(programs: readonly string[]): Promise<Surveyed> {
    const seen = this.#seen;
    if (programs.length === 0 && seen !== undefined && performance.now() - seen.at < FRESH_MS) {
      return Promise.resolve(seen.surveyed);
    }
    return survey(this.#runner, this.#dataDir, programs);
  }

  async #write(
    record: GuestRecord,
    { afterEnd, turns }: GuestOptions,
    helper: Helper | undefined,
  ): Promise<void> {
    const net = guestNet(record, "agent");
    const box = boxScript({
      agent: bwrapArgv({
        ...record,
        env: { ...record.env, ...(net && proxyVariables(record.network)) },
        ...(net === undefined ? {} : { net }),
        turn: `${record.guestDir}/ctl/turn`,
      }),
      inside: `${net === undefined ? "" : insideHelper(net.inside, "/run")}${await insideScript()}`,
      ...(afterEnd === undefined ? {} : { after: afterArgv(record, afterEnd) }),
      ...(net === undefined
        ? {}
        : {
            helper: {
              argv: outsideHelper(record, undefined, this.#configKey),
              agentArgv: outsideHelper(record, record.relay, this.#configKey),
              netDir: netDir(record),
            },
          }),
      turns: turnScript(turns),
    });
    const files = { launch: await launchScript(), "box.sh": box };
    const { stdout } = await this.#script(`cannot make guest ${record.id}`, CREATE, [
      record.place.data,
      record.id,
      JSON.stringify(record),
      helper?.name ?? "-",
      `${netDir(record)}/${NET_HELPER}`,
      ...Object.entries(ETC_FILES).flatMap(([name, text]) => [`${record.etcDir}/${name}`, text]),
      "--",
      ...Object.entries(files).flat(),
    ]);
    if (helper === undefined || !stdout.toString("utf8").includes(NO_HELPER)) return;
    const args = [record.place.data, helper.name, `${netDir(record)}/${NET_HELPER}`];
    await this.#script("cannot place the network helper", HELPER, args, helper.bytes);
  }

  async #helper(): Promise<Helper> {
    const bytes = await readNetHelper();
    if (bytes === null) {
      throw new BackendError("NETWORK_UNSUPPORTED", `${NET_HELPER} was not built`);
    }
    const version = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    return { name: `net-${version}.mjs`, bytes };
  }

  /** The key goes by stdin to a file of the place, which the relay removes as it reads it. */
  async #putHeaders(record: GuestRecord, { headers }: GuestRelay): Promise<void> {
    const script =
      'umask 077; [ -f "$1/ctl/started" ] || { cat >"$1/net/$2.$$" && mv -f -- "$1/net/$2.$$" "$1/net/$2"; }';
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
    const args = [record.guestDir, RELAY_HEADERS];
    await this.#script("cannot place the relay's header", script, args, lines.join(""));
  }

  async #script(
    what: string,
    script: string,
    args: readonly string[],
    stdin?: string | Uint8Array,
  ): Promise<RunResult> {
    const argv = ["sh", "-c", script, "launch", ...args];
    const result = await this.#runner.run(argv, stdin === undefined ? {} : { stdin });
    if (result.exitCode === 0) return result;
    const words = result.stderr.trim() || `exit code ${result.exitCode}`;
    throw new BackendError("BACKEND_FAILED", `${what}: ${words}`);
  }
}

function homePath(path: string): string {
  const relative = path.startsWith(`${GUEST_HOME}/`) ? path.slice(GUEST_HOME.length + 1) : path;
  if (!relative.startsWith("/") && !relative.split("/").includes("..")) return relative;
  throw new BackendError("BACKEND_FAILED", `a guest of the local box has no ${path} of its own`, {
    hint: `provision files under ${GUEST_HOME}`,
  });
}

function missesNode(error: unknown): boolean {
  return error instanceof BackendError && error.message === "program not found: node";
}

function noNode(): BackendError {
  return new BackendError("NETWORK_UNSUPPORTED", "this network policy needs Node in the place", {
    hint: "install Node 20.19 or newer there, or use the network policy none",
  });
}

function toolMissing(tool: string): BackendError {
  return new BackendError("BOX_MISSING", `${tool} is not installed where the sandbox runs`, {
    hint: "see what is missing and how to get it: cco doctor",
  });
}
