import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly environment: string;
  /** It lives in a process namespace of its own. */
  readonly inGuest: boolean;
}

/** All processes of a session on this machine: what names its id, and all that descends from that (Linux). */
export function processesOf(sessionId: string): readonly Process[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const named = new Set(
    all.filter((pid) => [read(pid, "cmdline"), read(pid, "environ")].join("").includes(sessionId)),
  );
  const belongs = (pid: string | undefined): boolean =>
    pid !== undefined && pid !== "0" && (named.has(pid) || belongs(parents.get(pid)));
  return all
    .filter((pid) => belongs(pid) && pid !== String(process.pid))
    .map((pid) => ({
      pid: Number(pid),
      argv: read(pid, "cmdline").split("\0").filter(Boolean),
      environment: read(pid, "environ"),
      inGuest: namespace(pid) !== namespace("self"),
    }));
}

/** Whether the memory of a process holds a text anywhere that can be read. One that has gone holds nothing. */
export function memoryHolds(pid: number, text: string): boolean {
  const wanted = Buffer.from(text);
  let memory: number;
  try {
    memory = openSync(`/proc/${String(pid)}/mem`, "r");
  } catch (error) {
    // ESRCH: it ended, and nobody has asked for its end yet.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
  try {
    return mappings(pid).some(({ start, end }) => rangeHolds(memory, start, end, wanted));
  } finally {
    closeSync(memory);
  }
}

const PIECE = 1 << 22;

function rangeHolds(memory: number, start: number, end: number, wanted: Buffer): boolean {
  const piece = Buffer.alloc(PIECE + wanted.length);
  for (let at = start; at < end; at += PIECE) {
    let length: number;
    try {
      length = readSync(memory, piece, 0, Math.min(piece.length, end - at), at);
    } catch {
      // Not there, or reserved only.
      continue;
    }
    if (piece.subarray(0, length).includes(wanted)) return true;
  }
  return false;
}

/** What is readable and not only the program's own file or address space set aside. */
function mappings(pid: number): readonly { start: number; end: number }[] {
  return read(String(pid), "smaps")
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .flatMap((text) => {
      const range = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(text);
      const own = Number(/^Anonymous:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
      if (range === null || own === 0) return [];
      return [{ start: parseInt(range[1] ?? "", 16), end: parseInt(range[2] ?? "", 16) }];
    });
}

function parentOf(pid: string): string | undefined {
  return /^PPid:\t(\d+)$/m.exec(read(pid, "status"))?.[1];
}

function namespace(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "gone";
  }
}

/** Empty where the process has gone. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
