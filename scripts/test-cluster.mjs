/**
 * `pnpm test:cluster`: the tests on a real cluster (test/cluster/README.md): the one that
 * `CCO_TEST_KUBECONFIG` names, else one that `test/lab/kube-up` brings up here and takes down
 * again. Where there can be none, every test is skipped by name, and in CI that is a failure.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { root } from "./lib.mjs";

const kubeUp = join(root, "test/lab/kube-up");
const given = process.env.CCO_TEST_KUBECONFIG;
let ours = false;

if (given === undefined || given === "") {
  const possible = existsSync("/etc/debian_version") && process.getuid?.() === 0;
  if (possible) {
    const up = spawnSync(kubeUp, ["up", "2"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (up.status === 0) process.env.CCO_TEST_KUBECONFIG = up.stdout.trim();
    else console.error("kube-up failed: there is no cluster to test on");
    ours = true;
  } else {
    console.error("no cluster: kube-up needs root on Debian; CCO_TEST_KUBECONFIG can name another");
  }
}

try {
  const argv = [join(root, "scripts/check.mjs"), "build", "cluster"];
  const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  // One that was up before stays as it was for its owner: `kube-up down` takes it down.
  if (ours && process.env.CI !== undefined) spawnSync(kubeUp, ["down"], { stdio: "inherit" });
}
