import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Guest, GuestOptions } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { LocalBackend, type LocalBackendOptions } from "@cco/local";
import { afterAll } from "vitest";

import { hermeticEnv, type Env } from "../../../test/support/env.js";
import { makeTempDir } from "../../../test/support/temp-dir.js";

const tried = spawnSync("bwrap", [
  "--unshare-all",
  "--unshare-user",
  "--ro-bind",
  "/",
  "/",
  "true",
]);

/** Why the local box cannot be tried here, or `null`. */
export const unavailable =
  tried.status === 0 ? null : "needs bubblewrap and usable user namespaces";

export interface TestBox {
  readonly backend: LocalBackend;
  readonly runner: ExecaRunner;
  readonly env: Env;
  readonly dir: string;
  readonly dataDir: string;
  guest(options?: GuestOptions): Promise<Guest>;
  ctl(guest: Guest): string;
}

const boxes: LocalBackend[] = [];

afterAll(async () => {
  for (const backend of boxes.splice(0)) await backend.destroy();
});

let count = 0;

/** A local box with a home, environment and data folder of its own, taken down after the file. */
export function testBox(
  options: LocalBackendOptions & { dataName?: string; env?: Env } = {},
): TestBox {
  const dir = makeTempDir("cl");
  const env = { ...hermeticEnv(join(dir, "e")), ...options.env };
  const runner = new ExecaRunner({ env });
  const dataDir = join(dir, options.dataName ?? "d");
  const backend = new LocalBackend({ runner, dataDir, ...options });
  boxes.push(backend);
  return {
    backend,
    runner,
    env,
    dir,
    dataDir,
    guest: (guestOptions = {}) => backend.openGuest(`g${String(++count)}`, guestOptions),
    ctl: (guest) => join(dataDir, "guests", guest.id, "ctl"),
  };
}

/** Ids of the processes that have `word` as one of their arguments. */
export function processesWith(word: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => argvOf(pid).includes(word));
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** A number of seconds that no other sleep on this machine has. */
export function uniqueSleep(): string {
  return `9${String(process.pid)}.${String(++count)}${String(Date.now() % 1_000_000)}`;
}
