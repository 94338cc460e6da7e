import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Env } from "./env.js";

const EMULATOR = fileURLToPath(new URL("../lab/limactl.sh", import.meta.url));
const EMULATED_TEMPLATE = fileURLToPath(new URL("../lab/emulated.yaml", import.meta.url));

/** What a test of Lima works with here. */
export interface LimaPlace {
  /** `real`: the lab of `test/lab/lima-vm.sh`. */
  readonly kind: "real" | "emulated";
  /** For a test's title: which one this run used. */
  readonly title: string;
  /** The VM to use: the lab's own, or a name to create. */
  readonly box: string;
  /** The YAML that a new VM of this place is made from. */
  readonly template: string;
  /** How often longer than on hardware something may take before it is given up. */
  readonly slowness: number;
  /** Why Lima cannot be tried at all. */
  readonly unavailable: string | undefined;
}

/**
 * Which limactl this run uses: the emulator, or with `CCO_TEST_LIMA=real` the VM that
 * `pnpm test:lima` brings up. Never the one in place of the other.
 */
export function limaPlace(): LimaPlace {
  return process.env["CCO_TEST_LIMA"] === "real" ? realPlace() : emulatedPlace();
}

function realPlace(): LimaPlace {
  const asked = spawnSync("limactl", ["list", "--format", "{{.Status}}", "lab"]);
  const template = process.env["CCO_LAB_TEMPLATE"];
  if (asked.error !== undefined || template === undefined) {
    throw new Error("no real VM to test on: pnpm test:lima brings one up");
  }
  const status = asked.stdout.toString().trim();
  if (status !== "Running") throw new Error(`the VM lab is ${status || "not there"}`);
  const version = spawnSync("limactl", ["--version"]).stdout.toString().trim();
  const title = `a real VM, ${version}`;
  return { kind: "real", title, box: "lab", template, slowness: 6, unavailable: undefined };
}

function emulatedPlace(): LimaPlace {
  return {
    kind: "emulated",
    title: "emulated limactl",
    box: "cco-sandbox",
    template: EMULATED_TEMPLATE,
    slowness: 1,
    unavailable: emulatorNeeds(),
  };
}

function emulatorNeeds(): string | undefined {
  if (process.getuid?.() !== 0) return "the limactl emulator needs root";
  const trial = ["--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true"];
  return spawnSync("bwrap", trial).status === 0 ? undefined : "needs bubblewrap and namespaces";
}

/**
 * `env` with a limactl on PATH: the lab's, with its own variables, or the emulator over a folder
 * under `dir` (a short one).
 *
 * @param version of Lima that the emulator behaves as.
 */
export function limaEnv(env: Env, place: LimaPlace, dir: string, version = "2.2.0"): Env {
  if (place.kind === "real") {
    const kept = ["LIMA_HOME", "QEMU_SYSTEM_X86_64", "PATH"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return { ...env, ...Object.fromEntries(kept) };
  }
  return emulatedEnv(env, dir, version);
}

/** `env` with the emulator on PATH and its VMs under `dir`. */
export function emulatedEnv(env: Env, dir: string, version = "2.2.0"): Env {
  const bin = join(dir, "lb");
  const home = join(dir, "l");
  for (const folder of [bin, home]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(bin, "limactl"), `#!/bin/sh\nexec sh ${EMULATOR} "$@"\n`, { mode: 0o755 });
  return {
    ...env,
    PATH: `${bin}:${env["PATH"] ?? ""}`,
    LIMA_HOME: home,
    EMULATED_LIMA: version,
  };
}

/** End and remove every emulated VM under `LIMA_HOME` of `env`. */
export function removeVms(env: Env): void {
  const names = spawnSync("limactl", ["list", "--quiet"], { env }).stdout.toString();
  for (const name of names.split("\n").filter(Boolean)) {
    spawnSync("limactl", ["delete", "--tty=false", "--force", name], { env });
  }
}
