import {
  BackendError,
  entryScript,
  keeperScript,
  launchScript,
  needsNetHelper,
  type Guest,
  type GuestOptions,
} from "@cco/backend";

import { agentArgv, boxScript, keeperArgv, netArgv, type BoxSettings } from "./create-argv.js";
import type { EngineClient } from "./engine-client.js";
import { NAME_TAKEN, NO_SUCH_IMAGE } from "./engines.js";
import { guestNames, LABEL } from "./names.js";
import type { GuestRecord } from "./record.js";

export interface GuestScripts {
  readonly keeper: string;
  readonly launch: string;
  readonly box: string;
  readonly entry: string;
  readonly afterEnd: readonly string[];
}

/** What runs in a guest's containers. @throws {AllowEntryError} an entry of its network cannot be read. */
export async function guestScripts(
  record: GuestRecord,
  options: GuestOptions,
): Promise<GuestScripts> {
  const [keeper, launch, box, entry] = await Promise.all([
    keeperScript(),
    launchScript(),
    boxScript(record, options),
    entryScript(),
  ]);
  return { keeper, launch, box, entry, afterEnd: options.afterEnd ?? [] };
}

/**
 * Make all that a guest is: its volumes, its keeper, which is started, and the agent's container,
 * which is not. Somebody else may be making the same.
 *
 * @throws {BackendError} `BOX_MISSING`: there is no image for it. What was made by then stays.
 */
export async function makeGuest(
  client: EngineClient,
  settings: BoxSettings,
  record: GuestRecord,
  scripts: GuestScripts,
): Promise<void> {
  const names = guestNames(settings.box, record.id);
  const online = needsNetHelper(record.network);
  const create = (argv: readonly string[]): Promise<void> => createOnce(client, argv.slice(1));
  const labels = [
    "--label",
    `${LABEL.box}=${settings.box}`,
    "--label",
    `${LABEL.guest}=${record.id}`,
  ];
  const volumes = [...Object.values(names.volumes), ...(online ? [names.netVolume] : [])];
  await all(volumes.map((name) => createOnce(client, ["volume", "create", ...labels, name])));
  await create(keeperArgv(settings, record, scripts, scripts.afterEnd));
  await all<unknown>([
    client.run(`cannot start ${names.keeper}`, ["start", names.keeper]),
    create(agentArgv(settings, record, scripts.entry)),
    ...(online ? [create(netArgv(settings, record))] : []),
  ]);
}

/** All of it is over, too, where one fails: what is still being made could not be removed. */
async function all<T>(work: readonly Promise<T>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

async function createOnce(client: EngineClient, args: readonly string[]): Promise<void> {
  const result = await client.ask(args);
  if (result.exitCode === 0 || NAME_TAKEN.test(result.stderr)) return;
  if (NO_SUCH_IMAGE.test(result.stderr)) {
    throw new BackendError("BOX_MISSING", "the box's image was not made, or is gone", {
      hint: "cco box create --backend container",
    });
  }
  const name = args[args.indexOf("--name") + 1];
  throw client.failed(`cannot make ${(args[0] === "volume" ? args.at(-1) : name) ?? ""}`, result);
}

const LOOK =
  'for program; do command -v -- "$program" >/dev/null || printf "%s\\n" "$program"; done';

/**
 * Look for the programs that a guest must have, in its image.
 *
 * @throws {BackendError} `PROGRAM_NOT_FOUND`, `NETWORK_UNSUPPORTED`; `START_FAILED`: it cannot be looked for.
 */
export async function requirePrograms(
  guest: Guest,
  { network }: GuestRecord,
  programs: readonly string[],
): Promise<void> {
  const wanted = [...programs, ...(needsNetHelper(network) ? ["node"] : [])];
  if (wanted.length === 0) return;
  const found = await guest.exec(["sh", "-c", LOOK, "look", ...wanted]);
  if (found.exitCode !== 0) {
    const said = found.stderr.trim() || `exit code ${found.exitCode}`;
    throw new BackendError("START_FAILED", `cannot look into guest ${guest.id}: ${said}`);
  }
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
