import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { connect } from "../src/api/kubeconfig.js";
import { kubeconfig } from "./fake-api.js";

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

it("takes those of several files that are there", async () => {
  const file = kubeconfig("https://127.0.0.1:6443");
  for (const named of [`${nowhere}:${file}`, `${file}:${nowhere}`]) {
    const { context, server } = await connect({ env: { KUBECONFIG: named } });
    expect([context, server.host]).toEqual(["test", "127.0.0.1:6443"]);
  }
  await expect(connect({ env: { KUBECONFIG: `${nowhere}:${nowhere}2` } })).rejects.toMatchObject({
    message: `there is no kubeconfig ${nowhere}`,
  });
});

it("names the file that is no good", async () => {
  const file = fileURLToPath(import.meta.url);
  await expect(connect({ env: { KUBECONFIG: file } })).rejects.toMatchObject({
    message: expect.stringContaining(`the kubeconfig ${file} is no good: `) as unknown,
  });
});

it("names a server that is no address", async () => {
  await expect(connect({ env: { KUBECONFIG: kubeconfig("my cluster") } })).rejects.toMatchObject({
    code: "CLUSTER_NOT_CONFIGURED",
    message: "the kubeconfig's server of test is no address: my cluster",
  });
});
