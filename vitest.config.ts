import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Tests run the packages from source: `@cco/x` and `@cco/x/testing` resolve to `src`. */
const alias = readdirSync(`${root}packages`).flatMap((name) => [
  { find: new RegExp(`^@cco/${name}$`), replacement: `${root}packages/${name}/src/index.ts` },
  {
    find: new RegExp(`^@cco/${name}/testing$`),
    replacement: `${root}packages/${name}/src/testing/index.ts`,
  },
]);

export default defineConfig({
  resolve: { alias },
  test: {
    // A flaky test is a defect to see, never one to repeat until it passes.
    retry: 0,
    allowOnly: false,
    globalSetup: ["scripts/test-run.mjs"],
    // Files run side by side in processes of their own; tests of one file one after the other.
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["packages/*/src/**/*.test.ts"] },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["packages/*/test/**/*.test.ts", "test/integration/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          // Real podman and docker: `pnpm test:containers` brings them up.
          name: "containers",
          include: ["test/containers/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          // The real Codex and opencode: `pnpm test:agents` installs them.
          name: "agents",
          include: ["test/agents/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          // A real cluster (test/cluster/README.md).
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          // A real Lima VM: `pnpm test:lima` brings it up. Without hardware acceleration each call
          // into it takes seconds, a boot a minute; one file at a time, so that none starves.
          name: "lima",
          include: ["test/integration/conformance.lima.test.ts", "test/e2e/lima.test.ts"],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          env: { CCO_TEST_LIMA: "real" },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
