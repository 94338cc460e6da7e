import type { BoxReport } from "@cco/sandbox";

import { safeLine } from "../output/safe-text.js";

/** A box as lines of `name: value`. */
export function boxText(report: BoxReport): string {
  const { disk, memory, network, clockDifferenceMs } = report;
  const rows: [string, string | null][] = [
    ["backend", report.backend],
    ["host", report.host],
    ["name", report.name],
    ["status", report.status],
    ["version", report.version],
    ["network", `${network.policy}, enforced by ${network.enforcedBy}`],
    ["disk", disk && `${bytes(disk.usedBytes)} used, ${bytes(disk.freeBytes)} free`],
    ["memory", memory && `${bytes(memory.usedBytes)} used of ${bytes(memory.totalBytes)}`],
    ["clock", clockDifferenceMs === null ? null : clockText(clockDifferenceMs)],
    ["sessions", String(report.sessions)],
  ];
  return rows
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${`${name}:`.padEnd(10)}${safeLine(value ?? "")}`)
    .join("\n");
}

/** A machine's own clock against the host's. */
function clockText(differenceMs: number): string {
  const seconds = (Math.abs(differenceMs) / 1000).toFixed(1);
  return `${seconds} s ${differenceMs < 0 ? "behind" : "ahead"}`;
}

/** `1.5 GB`, in powers of 1000. */
function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  return `${power === 0 ? String(value) : value.toFixed(1)} ${units[power] ?? "B"}`;
}
