import { parseStates, signalOf, type End, type GuestState } from "@cco/backend";

import { LABEL } from "./names.js";

/** `inspect --format`: one line of JSON values for each container. podman and docker know it. */
export const STATE_FORMAT = [
  `{{json (index .Config.Labels "${LABEL.guest}")}}`,
  "{{json .State.Status}}",
  "{{json .State.ExitCode}}",
  "{{json .State.OOMKilled}}",
  "{{json .State.StartedAt}}",
  "{{json .State.FinishedAt}}",
  `{{json (index .Config.Labels "${LABEL.turns}")}}`,
].join(" ");

/**
 * ENGINE BOX FORMAT [AGENT]: when the machine started, then a line for each agent's container, then what those that
 * run and tell of their turns wait for, and which of the killed were so for want of memory where
 * the engine did not see it (podman does not with cgroups 1): that is the container's own word.
 * An `exec` may hang for good (docker 20.10 with hundreds at once): it is given up.
 */
export const STATES = `
export LC_ALL=C
awk '/^btime /{ print "btime", $2 }' /proc/stat 2>/dev/null
if [ $# -gt 3 ]; then
  ids=$4
else
  ids=$("$1" ps --all --quiet --no-trunc --filter "label=${LABEL.box}=$2" --filter "label=${LABEL.role}=agent") || exit
  [ -n "$ids" ] || exit 0
fi
lines=$("$1" container inspect --format "$3" $ids)
code=$?
printf '%s\\n' "$lines"
bound=
command -v timeout >/dev/null && bound='timeout 10'
waits() {
  said=$($bound "$1" exec "$2" head -c 200 /cco/waiting 2>/dev/null | head -n 1) && [ -n "$said" ] &&
    printf 'waiting %s %s\\n' "$3" "$said"
}
lacked() {
  $bound "$1" exec "$2" test -e /cco/oom 2>/dev/null && printf 'oom %s\\n' "$3"
}
printf '%s\\n' "$lines" | {
  while read -r guest status code oom _ _ turns; do
    case "$status $code $oom $turns" in
      '"running" '*' "yes"') ask=waits ;;
      '"exited" 137 false '* | '"stopped" 137 false '*) ask=lacked ;;
      *) continue ;;
    esac
    guest=\${guest#?} guest=\${guest%?}
    "$ask" "$1" "$2-$guest-keeper" "$guest" &
  done
  wait
}
exit $code`;

const IDLE = new Set(["created", "configured", "initialized"]);
const ENDED = new Set(["exited", "dead", "stopped"]);

/** What {@link STATES} printed: guests by id. Lines that are none are left out. */
export function parseContainers(stdout: string): ReadonlyMap<string, GuestState> {
  const states = new Map<string, GuestState>();
  let bootedAt: Date | null = null;
  for (const line of stdout.split("\n")) {
    const btime = /^btime (\d{1,12})$/.exec(line)?.[1];
    if (btime !== undefined) bootedAt = new Date(Number(btime) * 1000);
    const lacked = /^oom (\S+)$/.exec(line)?.[1] ?? "";
    const killed = states.get(lacked);
    if (killed?.kind === "ended") {
      states.set(lacked, { ...killed, end: { ...killed.end, reason: "out-of-memory" } });
      continue;
    }
    const [, guest, waits] = /^waiting (\S+) (.*)$/.exec(line) ?? [];
    const before = states.get(guest ?? "");
    if (guest !== undefined && waits !== undefined && before?.kind === "running") {
      const told = parseStates(`x running - - - - ${waits}`).get("x");
      states.set(guest, { ...told, ...before });
      continue;
    }
    const fields = parseLine(line);
    if (fields !== null) states.set(fields.guest, stateOf(fields, bootedAt));
  }
  return states;
}

interface Fields {
  readonly guest: string;
  readonly status: string;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

function parseLine(line: string): Fields | null {
  const words = line.trim().split(" ");
  if (words.length !== 7) return null;
  try {
    const [guest, status, exitCode, outOfMemory, started, finished] = words.map(
      (word) => JSON.parse(word) as unknown,
    );
    if (typeof guest !== "string" || typeof status !== "string") return null;
    return {
      guest,
      status,
      exitCode: Number(exitCode),
      outOfMemory: outOfMemory === true,
      startedAt: date(started),
      finishedAt: date(finished),
    };
  } catch {
    return null;
  }
}

function stateOf(fields: Fields, bootedAt: Date | null): GuestState {
  const { status, startedAt } = fields;
  if (IDLE.has(status)) return { kind: "idle" };
  if (!ENDED.has(status)) return { kind: "running", startedAt };
  return { kind: "ended", startedAt, end: endOf(fields, bootedAt) };
}

function endOf(fields: Fields, bootedAt: Date | null): End {
  const { startedAt, finishedAt, outOfMemory } = fields;
  const before = (time: Date | null): boolean =>
    time !== null && bootedAt !== null && time.getTime() < bootedAt.getTime() - 2_000;
  if (before(startedAt) && !before(finishedAt)) {
    const reason = "host-restart";
    return { exitCode: null, signal: null, endedBy: "observed", reason, endedAt: null };
  }
  const signal = signalOf(fields.exitCode);
  return {
    exitCode: fields.exitCode,
    signal,
    endedBy: "observed",
    reason:
      outOfMemory && fields.exitCode !== 0 ? "out-of-memory" : signal === null ? "exit" : "signal",
    endedAt: finishedAt,
  };
}

/** Engines write the year 1 for never. */
function date(value: unknown): Date | null {
  if (typeof value !== "string") return null;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1971 ? null : time;
}
