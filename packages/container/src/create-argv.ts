import {
  insideArgv,
  insideHelper,
  needsNetHelper,
  outsideArgv,
  pairBoxScript,
  proxyEnv,
  type GuestNetwork,
  type GuestOptions,
} from "@cco/backend";
import type { Engine } from "./engines.js";
import {
  GUEST_HOME,
  GUEST_NET,
  guestNames,
  guestPaths,
  LABEL,
  NET_PROGRAM,
  PROVISION,
  type Role,
} from "./names.js";
import type { GuestRecord } from "./record.js";

/** What one guest may use, for each of its containers. */
export interface Limits {
  /** As the engine takes it: `4g`. */
  readonly memory: string;
  /** Processors, `1.5`; without it all there are. */
  readonly cpus?: string | undefined;
  readonly pids: number;
}

export interface BoxSettings {
  readonly engine: Engine;
  readonly box: string;
  readonly limits: Limits;
  /** `--userns` of every container, where it is given. */
  readonly userns?: string | undefined;
}

/** An ordinary user, the same in all containers of a guest. */
const USER = "1000:1000";
/** The helper's socket, of the agent or of a program with this name. */
const socketOf = (name: string): string => `${GUEST_NET}/${name}`;
const AGENT_SOCKET = socketOf("s");

/** With `none` there is nothing to ask a proxy for: loopback is reached as itself. */
function proxyVariables(network: GuestNetwork): Readonly<Record<string, string>> {
  return needsNetHelper(network) && network.policy !== "none" ? proxyEnv() : {};
}

/** Words that every container of a box has, up to the image. */
function enclosed(
  settings: BoxSettings,
  id: string,
  role: string,
  network: "none" | "host",
): readonly string[] {
  const { engine, box, limits, userns } = settings;
  return [
    ...engine.createFlags,
    "--pull=never",
    ...["--label", `${LABEL.box}=${box}`, "--label", `${LABEL.guest}=${id}`],
    ...["--label", `${LABEL.role}=${role}`],
    ...["--network", network],
    ...(network === "host" ? [] : ["--hostname", "sandbox"]),
    ...["--user", USER],
    ...(userns === undefined ? [] : ["--userns", userns]),
    "--read-only",
    ...["--tmpfs", "/tmp:rw,nosuid,nodev,mode=1777"],
    ...["--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges"],
    ...["--memory", limits.memory, "--memory-swap", limits.memory],
    ...(limits.cpus === undefined ? [] : ["--cpus", limits.cpus]),
    ...["--pids-limit", String(limits.pids)],
    // What an agent writes to its first process's output must not fill a disk.
    ...["--log-driver", "none"],
  ];
}

function inGuest(
  settings: BoxSettings,
  record: GuestRecord,
  env: Readonly<Record<string, string>>,
): readonly string[] {
  const { volumes } = guestNames(settings.box, record.id);
  const variables = {
    HOME: GUEST_HOME,
    USER: "agent",
    LOGNAME: "agent",
    SHELL: "/bin/sh",
    LANG: "C.UTF-8",
    ...record.env,
    ...env,
  };
  return [
    ...Object.entries(volumes).flatMap(([path, name]) => ["--volume", `${name}:${path}`]),
    ...Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
  ];
}

/** `create` for the container that keeps the bytes. */
export function keeperArgv(
  settings: BoxSettings,
  record: GuestRecord,
  scripts: { readonly keeper: string; readonly launch: string; readonly box: string },
  afterEnd: readonly string[],
): readonly string[] {
  const { engine, box } = settings;
  return [
    ...[engine.program, "create", "--name", guestNames(box, record.id).keeper],
    ...enclosed(settings, record.id, "keeper" satisfies Role, "none"),
    ...["--label", `${LABEL.record}=${JSON.stringify(record)}`],
    ...inGuest(settings, record, {}),
    ...["--volume", `${box}-provision:${PROVISION}:ro`],
    record.image,
    ...["sh", "-c", scripts.keeper, "keeper", record.id, scripts.launch, scripts.box],
    ...afterEnd,
  ];
}

/** `create` for the agent's container. */
export function agentArgv(
  settings: BoxSettings,
  record: GuestRecord,
  entry: string,
): readonly string[] {
  const { engine, box } = settings;
  const names = guestNames(box, record.id);
  return [
    ...[engine.program, "create", "--name", names.agent],
    ...enclosed(settings, record.id, "agent" satisfies Role, "none"),
    ...(record.turns ? ["--label", `${LABEL.turns}=yes`] : []),
    ...inGuest(settings, record, proxyVariables(record.network)),
    ...netMount(record.network, names.netVolume),
    record.image,
    ...["sh", "-c", entry, "entry", record.id],
  ];
}

function netMount(network: GuestNetwork, volume: string): readonly string[] {
  return needsNetHelper(network) ? ["--volume", `${volume}:${GUEST_NET}:ro`] : [];
}

/** Ends with the agent's container, whose first process holds the other end of its stdin. */
const NET_OF_AGENT = 'exec "$@" </cco/alive.agent';
/** Ends when it is removed. */
const NET_OF_PROGRAM = 'tail -f /dev/null | "$@"';

/**
 * The container of the network helper's outer half. It is on the host's network, runs nothing of
 * the guest's, and shares one folder with it, which the guest cannot write to.
 *
 * @param of a program's name, for a helper of its own; else it is the agent's.
 */
export function netArgv(
  settings: BoxSettings,
  record: GuestRecord,
  of?: string,
): readonly string[] {
  const { engine, box } = settings;
  const names = guestNames(box, record.id);
  return [
    engine.program,
    ...(of === undefined ? ["create"] : ["run", "--detach"]),
    ...["--name", of === undefined ? names.net : `${of}-net`],
    ...enclosed(settings, record.id, of === undefined ? "net" : "program", "host"),
    ...["--volume", `${names.netVolume}:${GUEST_NET}`],
    ...(of === undefined ? ["--volume", `${names.volumes["/cco"] ?? ""}:/cco:ro`] : []),
    record.image,
    ...["sh", "-c", of === undefined ? NET_OF_AGENT : NET_OF_PROGRAM, "net"],
    ...outsideArgv({
      node: "node",
      helper: NET_PROGRAM,
      socket: of === undefined ? AGENT_SOCKET : socketOf(of),
      network: record.network,
      configKey: "backends.container.network.allow",
    }),
  ];
}

/** `run` for one program with the network of the guest's policy, in a container of its own. */
export function onlineArgv(
  settings: BoxSettings,
  record: GuestRecord,
  program: {
    readonly name: string;
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly argv: readonly string[];
  },
): readonly string[] {
  const { network } = record;
  // Not the first process itself: that one is spared most signals.
  const inside = `${netInside(network, socketOf(program.name))}box_inside 9>&1 || exit 126\ncd -- "$1" || exit 126\nshift\nenv "$@"`;
  return [
    ...[settings.engine.program, "run", "--rm", "--interactive", "--name", program.name],
    ...enclosed(settings, record.id, "program", "none"),
    ...inGuest(settings, record, { ...proxyVariables(network), ...program.env }),
    ...netMount(network, guestNames(settings.box, record.id).netVolume),
    record.image,
    ...["sh", "-c", inside, "cco", program.cwd, ...program.argv],
  ];
}

/** `box_inside` for a guest with this network; nothing where it needs no helper. */
function netInside(network: GuestNetwork, socket: string): string {
  if (!needsNetHelper(network)) return "";
  const argv = insideArgv({ node: "node", helper: NET_PROGRAM, socket, network });
  const wait = `box_socket() {
  turns=0
  until [ -S ${socket} ]; do
    turns=$((turns + 1))
    [ "$turns" -lt 600 ] || { echo "cco: the network helper did not start" >&2; return 1; }
    sleep 0.05
  done
}
`;
  return `${wait}${insideHelper(argv, "/tmp").replace("box_inside() {\n", "box_inside() {\n  box_socket || return 1\n")}`;
}

/** `box.sh` of a guest: how its supervisor runs the agent. */
export function boxScript(
  record: GuestRecord,
  options: Pick<GuestOptions, "afterEnd" | "turns">,
): Promise<string> {
  const { workspace } = guestPaths(record.id);
  return pairBoxScript(workspace, options, netInside(record.network, AGENT_SOCKET));
}
