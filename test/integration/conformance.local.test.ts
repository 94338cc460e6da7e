import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describeConformance } from "@cco/backend/testing";
import { ExecaRunner } from "@cco/exec";
import { LocalBackend } from "@cco/local";

import { hermeticEnv, type Env } from "../support/env.js";
import { makeTempDir } from "../support/temp-dir.js";

const SECRET = "conformance-caller-secret";

const sandbox = spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"]);

describeConformance("local", {
  unavailable: sandbox.status === 0 ? undefined : "needs bubblewrap and user namespaces",
  make: async () => {
    const dir = makeTempDir("cl");
    const env: Env = { ...hermeticEnv(join(dir, "e")), CALLER_SECRET: SECRET };
    const callerFile = join(env.HOME ?? dir, "secret");
    writeFileSync(callerFile, `${SECRET}\n`);
    const tempDir = join(dir, "t");
    mkdirSync(tempDir);
    const host = new ExecaRunner({ env });
    const dataDir = join(dir, "d");
    const backend = new LocalBackend({ runner: host, dataDir });
    return {
      backend,
      host,
      tempDir,
      callerSecret: SECRET,
      callerFile,
      placeIsHost: true,
      kill: async (id) => {
        const cwd = join(dataDir, "guests", id, "ctl");
        const asked = await host.run(["tmux", "-S", "tty", "display-message", "-p", "#{pid}"], {
          cwd,
        });
        process.kill(Number(asked.stdout.toString()), "SIGKILL");
      },
      dispose: () => backend.destroy(),
    };
  },
});
