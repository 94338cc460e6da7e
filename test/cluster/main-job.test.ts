import { afterAll, beforeAll, describe } from "vitest";

import { mainJobCases } from "../e2e/main-job.js";
import { kubectl, testBackend, testNamespace, unavailable } from "./cluster.js";
import { ClusterScene } from "./scene.js";

describe.skipIf(unavailable !== null)(
  `on a cluster${unavailable === null ? "" : ` (${unavailable})`}`,
  () => {
    const namespace = testNamespace();

    beforeAll(() => testBackend({ namespace }).create());
    afterAll(() => {
      kubectl(["delete", "namespace", namespace, "--wait=false"]);
    });

    mainJobCases(() => new ClusterScene(namespace));
  },
);
