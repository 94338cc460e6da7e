import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describeConformance } from "@cco/backend/testing";
import { ExecaRunner } from "@cco/exec";
import { LocalBackend } from "@cco/local";
import { SshRunner } from "@cco/ssh";

import type { Env } from "../support/env.js";
import { sshdUnavailable, sshdUser, TestSshd } from "../support/sshd.js";
import { makeTempDir } from "../support/temp-dir.js";

const SECRET = "conformance-caller-secret";

const sandbox = spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"]);
const unavailable = sandbox.status === 0 ? null : "needs bubblewrap and user namespaces";

describeConformance(`local, by ssh as ${sshdUser}`, {
  unavailable: sshdUnavailable ?? unavailable ?? undefined,
  make: async () => {
    const sshd = await TestSshd.start();
    const env: Env = { ...sshd.env, CALLER_SECRET: SECRET };
    const callerFile = join(env.HOME ?? "", "secret");
    writeFileSync(callerFile, `${SECRET}\n`);
    const tempDir = join(makeTempDir("cs"), "t");
    mkdirSync(tempDir);
    // What is to be given to guests there must be visible to the machine's user.
    chmodSync(dirname(tempDir), 0o755);
    const host = new ExecaRunner({ env });
    const ssh = new SshRunner({ host: sshd.host, runner: host, env });
    const dataDir = join(sshd.home, "d");
    const backend = new LocalBackend({ runner: ssh, dataDir });
    return {
      backend,
      host,
      tempDir,
      callerSecret: SECRET,
      callerFile,
      // Loopback, processes and programs over there are those of this machine.
      placeIsHost: true,
      kill: async (id) => {
        const cwd = join(dataDir, "guests", id, "ctl");
        const asked = await host.run(["tmux", "-S", "tty", "display-message", "-p", "#{pid}"], {
          cwd,
        });
        process.kill(Number(asked.stdout.toString()), "SIGKILL");
      },
      dispose: async () => {
        await backend.destroy();
        await ssh.close();
      },
    };
  },
});
