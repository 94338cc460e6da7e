import type { BackendDescription } from "@cco/backend";

import type { EngineClient } from "./engine-client.js";
import { probe } from "./probe.js";

/** ENGINE FORMAT: kilobytes of the disk that containers are on, and of the machine's memory. */
const PROBE = `
export LC_ALL=C
folder=$("$1" info --format "$2" 2>/dev/null)
df -Pk -- "\${folder:-/}" 2>/dev/null | awk 'NR == 2 { print "free\\t" $4; print "used\\t" $3 }'
[ ! -r /proc/meminfo ] || awk '
  /^MemTotal:/ { print "total\\t" $2 }
  /^MemAvailable:/ { print "available\\t" $2 }' /proc/meminfo`;

/** Version of the engine, disk and memory of its machine. */
export async function describeEngine(client: EngineClient): Promise<BackendDescription> {
  const { engine, runner } = client;
  const format = engine.name === "docker" ? "{{.DockerRootDir}}" : "{{.Store.GraphRoot}}";
  const [probed, result] = await Promise.all([
    probe(client),
    runner.run(["sh", "-c", PROBE, "describe", engine.program, format]),
  ]);
  const facts = new Map(
    result.stdout
      .toString("utf8")
      .split("\n")
      .map((line): [string, string] => {
        const [name = "", value = ""] = line.split("\t");
        return [name, value];
      }),
  );
  const bytes = (name: string): number | null => {
    const found = facts.get(name);
    return found === undefined ? null : Number(found) * 1024;
  };
  const [free, used] = [bytes("free"), bytes("used")];
  const [total, available] = [bytes("total"), bytes("available")];
  return {
    version: probed.kind === "there" ? probed.version : null,
    disk: free === null || used === null ? null : { usedBytes: used, freeBytes: free },
    memory:
      total === null || available === null
        ? null
        : { usedBytes: total - available, totalBytes: total },
  };
}
