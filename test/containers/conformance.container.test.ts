import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describeConformance } from "@cco/backend/testing";
import { ContainerBackend } from "@cco/container";
import { ExecaRunner } from "@cco/exec";

import { ENGINE_NAMES, testEngine } from "../support/engines.js";
import { hermeticEnv, type Env } from "../support/env.js";
import { makeTempDir } from "../support/temp-dir.js";

const SECRET = "conformance-caller-secret";

for (const name of ENGINE_NAMES) {
  const engine = testEngine(name);
  describeConformance(name, {
    unavailable: typeof engine === "string" ? engine : undefined,
    make: () => {
      if (typeof engine === "string") throw new Error(engine);
      const dir = makeTempDir("cc");
      const env: Env = { ...hermeticEnv(join(dir, "e")), ...engine.env, CALLER_SECRET: SECRET };
      const callerFile = join(env["HOME"] ?? dir, "secret");
      writeFileSync(callerFile, `${SECRET}\n`);
      const tempDir = join(dir, "t");
      mkdirSync(tempDir);
      const host = new ExecaRunner({ env });
      const box = `t${randomBytes(3).toString("hex")}`;
      const backend = new ContainerBackend({
        runner: host,
        engine: name,
        name: box,
        ...engine.source,
      });
      return Promise.resolve({
        backend,
        host,
        tempDir,
        callerSecret: SECRET,
        callerFile,
        placeIsHost: true,
        programsAreHosts: false,
        kill: async (id) => {
          await host.run([name, "kill", `${box}-${id}-agent`]);
        },
        dispose: () => backend.destroy(),
      });
    },
  });
}
