/** An sshd on loopback for measuring: keys, configuration and home of its own. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";

import { runOrThrow } from "./measure.mjs";

const SSHD = "/usr/sbin/sshd";

/**
 * Start it; `ssh big` reaches it with the `PATH` that is put into `world.env`.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<() => void>} what stops it
 */
export async function startSshd(world) {
  const dir = join(world.dir, "sshd");
  const bin = join(dir, "bin");
  const home = join(dir, "home");
  for (const folder of [dir, bin, home]) mkdirSync(folder);
  const port = await freePort();
  for (const name of ["host", "user"]) {
    runOrThrow(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(dir, name)]);
  }
  const hostKey = readFileSync(join(dir, "host.pub"), "utf8");
  writeFileSync(join(dir, "known"), `[127.0.0.1]:${port} ${hostKey}`);
  lines(join(dir, "sshd_config"), [
    `ListenAddress 127.0.0.1`,
    `Port ${port}`,
    `HostKey ${join(dir, "host")}`,
    `AuthorizedKeysFile ${join(dir, "user.pub")}`,
    ...["StrictModes no", "UsePAM no", "PermitRootLogin yes", "PidFile none"],
    `SetEnv HOME=${home} XDG_DATA_HOME=${home}/data`,
  ]);
  lines(join(dir, "config"), [
    "Host big",
    ...["HostName 127.0.0.1", `Port ${port}`, `User ${userInfo().username}`],
    ...[`IdentityFile ${join(dir, "user")}`, "IdentitiesOnly yes"],
    `UserKnownHostsFile ${join(dir, "known")}`,
  ]);
  lines(join(bin, "ssh"), ["#!/bin/sh", `exec /usr/bin/ssh -F ${join(dir, "config")} "$@"`]);
  chmodSync(join(bin, "ssh"), 0o755);
  mkdirSync(join(world.dir, "run"), { mode: 0o700 });
  world.env.XDG_RUNTIME_DIR = join(world.dir, "run");
  world.env.PATH = `${bin}:${world.env.PATH ?? ""}`;
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });

  const daemon = spawn(SSHD, ["-D", "-e", "-f", join(dir, "sshd_config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise((resolve, reject) => {
    daemon.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      if (text.includes("Server listening")) resolve(undefined);
    });
    daemon.once("error", reject).once("exit", reject);
  });
  return () => {
    runOrThrow(
      ["sh", "-c", `for s in "$XDG_RUNTIME_DIR"/cco-ssh/*; do ssh -S "$s" -O exit big; done`],
      {
        env: world.env,
      },
    );
    daemon.kill("SIGKILL");
  };
}

/**
 * @param {string} file
 * @param {readonly string[]} content
 */
function lines(file, content) {
  writeFileSync(file, `${content.join("\n")}\n`);
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
