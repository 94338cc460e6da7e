import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describeConformance } from "@cco/backend/testing";
import { ExecaRunner } from "@cco/exec";
import { LimaBackend, LimaClient, LimaRunner } from "@cco/lima";
import { LocalBackend } from "@cco/local";

import { hermeticEnv } from "../support/env.js";
import { limaEnv, limaPlace, removeVms } from "../support/lima.js";
import { makeTempDir } from "../support/temp-dir.js";

const SECRET = "conformance-caller-secret";
const KILL =
  'kill -KILL "$(tmux -S "$HOME/.local/share/cco/guests/$1/ctl/tty" display-message -p "#{pid}")"';

const place = limaPlace();

describeConformance(`lima, ${place.title}`, {
  unavailable: place.unavailable,
  make: () => {
    const dir = makeTempDir("cm");
    const env = limaEnv({ ...hermeticEnv(join(dir, "e")), CALLER_SECRET: SECRET }, place, dir);
    const callerFile = join(env["HOME"] ?? dir, "secret");
    writeFileSync(callerFile, `${SECRET}\n`);
    const tempDir = join(dir, "t");
    mkdirSync(tempDir);
    const host = new ExecaRunner({ env });
    const client = new LimaClient(host);
    const runner = new LimaRunner(client, place.box);
    const inner = new LocalBackend({ runner });
    const backend = new LimaBackend({
      client,
      runner,
      inner,
      name: place.box,
    });
    return Promise.resolve({
      backend,
      host,
      tempDir,
      callerSecret: SECRET,
      callerFile,
      placeIsHost: false,
      kill: async (id: string) => {
        await runner.run(["sh", "-c", KILL, "kill", id]);
      },
      dispose: () => {
        if (place.kind === "emulated") removeVms(env);
        return Promise.resolve();
      },
    });
  },
});
