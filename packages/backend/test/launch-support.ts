import { execFile, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { TmuxTerminal } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { afterAll } from "vitest";

import { hermeticEnv } from "../../../test/support/env.js";
import { makeTempDir } from "../../../test/support/temp-dir.js";

export const run = promisify(execFile);
const script = (name: string) =>
  fileURLToPath(new URL(`../src/terminal/${name}.sh`, import.meta.url));

/** The shells a place may have as its `sh`. */
export const SHELLS = ["dash", "busybox sh", "bash --posix"].filter(
  (shell) => spawnSync(shell.split(" ")[0] ?? "", ["--help"]).error === undefined,
);

const ended: string[] = [];

afterAll(async () => {
  for (const ctl of ended.splice(0)) await run("sh", [join(ctl, "launch"), "--end", "x"]);
});

/** A terminal without a sandbox, as in a container: the supervisor runs the agent itself. */
export function testTerminal(shell: string, folder = "ctl", box?: string) {
  const dir = makeTempDir("lt");
  const bin = join(dir, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "sh"), `#!/bin/bash\nexec ${shell} "$@"\n`);
  chmodSync(join(bin, "sh"), 0o755);
  const base = hermeticEnv(join(dir, "e"));
  const env = { ...base, PATH: `${bin}:${base["PATH"] ?? ""}` };
  const ctl = join(dir, folder);
  mkdirSync(join(ctl, "waiters"), { recursive: true });
  copyFileSync(script("launch"), join(ctl, "launch"));
  copyFileSync(script("inside"), join(ctl, "inside"));
  const agent = `box_agent() { cd "${dir}" && exec sh -c "$(cat "$CCO_CTL/inside")" cco "$@"; }\n`;
  writeFileSync(join(ctl, "box.sh"), box ?? agent);
  ended.push(ctl);
  const runner = new ExecaRunner({ env });
  const terminal = new TmuxTerminal({ runner, id: "x", controlDir: ctl });
  return { terminal, ctl, dir, env };
}
