import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describeConformance } from "@cco/backend/testing";
import { ExecaRunner } from "@cco/exec";

import { hermeticEnv, type Env } from "../support/env.js";
import { makeTempDir } from "../support/temp-dir.js";
import {
  kubectl,
  pathWithKubectl,
  testBackend,
  testCluster,
  testNamespace,
  unavailable,
} from "./cluster.js";

const SECRET = "conformance-caller-secret";

describeConformance("kubernetes", {
  unavailable: unavailable ?? undefined,
  make: async () => {
    const dir = makeTempDir("ck");
    const env: Env = {
      ...hermeticEnv(join(dir, "e")),
      CALLER_SECRET: SECRET,
      KUBECONFIG: testCluster().kubeconfig,
      PATH: pathWithKubectl(),
    };
    const callerFile = join(env["HOME"] ?? dir, "secret");
    writeFileSync(callerFile, `${SECRET}\n`);
    const tempDir = join(dir, "t");
    mkdirSync(tempDir);
    const namespace = testNamespace();
    const backend = testBackend({ namespace });
    return {
      backend,
      host: new ExecaRunner({ env }),
      tempDir,
      callerSecret: SECRET,
      callerFile,
      placeIsHost: false,
      kill: async (id) => {
        const all = ["sh", "-c", "kill -KILL -1"];
        try {
          kubectl(["-n", namespace, "exec", `cco-${id}`, "-c", "agent", "--", ...all]);
        } catch {
          // It is killed itself.
        }
      },
      dispose: () => backend.destroy(),
    };
  },
});
