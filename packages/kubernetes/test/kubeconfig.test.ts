import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { connect } from "../src/api/kubeconfig.js";

const nowhere = fileURLToPath(new URL("no-such-file", import.meta.url));

it("says which file is not there, and what to do", async () => {
  await expect(connect({ env: { KUBECONFIG: nowhere } })).rejects.toMatchObject({
    code: "CLUSTER_NOT_CONFIGURED",
    message: `there is no kubeconfig ${nowhere}`,
    hint: "point KUBECONFIG at your cluster's file",
  });
  await expect(connect({ env: { HOME: nowhere } })).rejects.toMatchObject({
    message: `there is no kubeconfig ${nowhere}/.kube/config`,
  });
});
