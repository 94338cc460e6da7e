import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Env } from "./env.js";

export type EngineName = "podman" | "docker";

export const ENGINE_NAMES: readonly EngineName[] = ["podman", "docker"];

/** How a test reaches an engine: variables for its program, and where a box's image comes from. */
export interface TestEngine {
  readonly name: EngineName;
  readonly env: Env;
  readonly source: { readonly image: string } | { readonly rootfs: string };
}

const LAB =
  process.env["CCO_LAB"] ?? fileURLToPath(new URL("../../.cache/containers", import.meta.url));

/** What `test/lab/containers up` wrote, or the caller's own engines where it says so. */
function variables(): Env | null {
  if (process.env["CCO_TEST_ENGINES"] === "own") {
    const names = ["CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "DOCKER_HOST", "CCO_TEST_IMAGE"];
    return Object.fromEntries(
      names.flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
  const file = `${LAB}/env`;
  if (!existsSync(file)) return null;
  const lines = readFileSync(file, "utf8").split("\n");
  return Object.fromEntries(
    lines.flatMap((line) => {
      const at = line.indexOf("=");
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

/** The engine, or why it cannot be used here. */
export function testEngine(name: EngineName): TestEngine | string {
  const all = variables();
  if (all === null) return "needs `test/lab/containers up`";
  const { CCO_TEST_IMAGE: image, CCO_TEST_ROOTFS: rootfs, ...env } = all;
  if (image === undefined && rootfs === undefined) return "needs CCO_TEST_IMAGE";
  const asked = spawnSync(name, ["version"], { env: { PATH: process.env["PATH"], ...env } });
  if (asked.status !== 0) return `${name} does not answer`;
  return { name, env, source: image === undefined ? { rootfs: rootfs ?? "" } : { image } };
}
