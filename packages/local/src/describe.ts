import type { BackendDescription } from "@cco/backend";
import type { CommandRunner } from "@cco/exec";

const PROBE = `
export LC_ALL=C
printf 'version\\t%s\\n' "$(bwrap --version 2>/dev/null)"
folder=$1
while [ ! -d "$folder" ] && [ -n "$folder" ]; do folder=\${folder%/*}; done
df -Pk -- "\${folder:-/}" 2>/dev/null | awk 'NR == 2 { print "free\\t" $4 }'
[ ! -d "$1/guests" ] || du -sk -- "$1/guests" 2>/dev/null | awk '{ print "used\\t" $1 }'
[ ! -r /proc/meminfo ] || awk '
  /^MemTotal:/ { print "total\\t" $2 }
  /^MemAvailable:/ { print "available\\t" $2 }' /proc/meminfo`;

/** Version, disk and memory of the local box with the data folder `data`. */
export async function describePlace(
  runner: CommandRunner,
  data: string,
): Promise<BackendDescription> {
  const result = await runner.run(["sh", "-c", PROBE, "describe", data]);
  return parseDescription(result.stdout.toString("utf8"));
}

/** What the probe printed; kilobytes. */
function parseDescription(stdout: string): BackendDescription {
  const facts = new Map(
    stdout.split("\n").map((line): [string, string] => {
      const [name = "", value = ""] = line.split("\t");
      return [name, value];
    }),
  );
  const bytes = (name: string): number | null => {
    const found = facts.get(name);
    return found === undefined ? null : Number(found) * 1024;
  };
  const [free, total, available] = [bytes("free"), bytes("total"), bytes("available")];
  return {
    version: /\d+(?:\.\d+)+/.exec(facts.get("version") ?? "")?.[0] ?? null,
    disk: free === null ? null : { usedBytes: bytes("used") ?? 0, freeBytes: free },
    memory:
      total === null || available === null
        ? null
        : { usedBytes: total - available, totalBytes: total },
  };
}
