import { afterEach, beforeEach, expect, it } from "vitest";

import { Cluster } from "../src/api/cluster.js";
import { Pods } from "../src/pods.js";
import { settingsOf } from "../src/settings.js";
import { FakeApi } from "./fake-api.js";

let api: FakeApi;
let pods: Pods;

beforeEach(async () => {
  api = new FakeApi();
  const cluster = new Cluster({ env: await api.open() });
  pods = new Pods(cluster, settingsOf({ image: "registry.test/agent:1" }, "me"));
});
afterEach(() => {
  api.close();
});

const SECRET = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "cco-7f3a9c21", namespace: "cco" },
};
const SECRETS = "/api/v1/namespaces/cco/secrets";
const PODS = "/api/v1/namespaces/cco/pods";

it("makes anew what an earlier pod had, which is cleared away under its eyes", async () => {
  api
    .answer(409)
    .answer(404)
    .answer(201, { metadata: { ownerReferences: [{ uid: "now" }] } });
  await pods.createOwned(SECRET, "now");
  expect(api.calls).toEqual([
    ...[`POST ${SECRETS}`, `GET ${SECRETS}/cco-7f3a9c21`, `POST ${SECRETS}`],
  ]);
});

it("replaces what an earlier pod had and still has", async () => {
  api.answer(409).answer(200, { metadata: { ownerReferences: [{ uid: "before" }] } });
  api.answer(200).answer(201);
  await pods.createOwned(SECRET, "now");
  expect(api.calls.slice(2)).toEqual([`DELETE ${SECRETS}/cco-7f3a9c21`, `POST ${SECRETS}`]);
});

it("does not take a pod by force because it may not look whether it is gone", async () => {
  api.answer(200).answer(403, { message: "pods is forbidden" });
  await expect(pods.remove("7f3a9c21")).rejects.toMatchObject({ status: 403 });
  expect(api.calls.map((call) => call.split("?")[0])).toEqual([
    ...[`DELETE ${PODS}/cco-7f3a9c21`, `GET ${PODS}`],
  ]);
});

it("says that what answers is no cluster", async () => {
  api.answer(200, "<html>Log in to the network</html>");
  await expect(pods.get("7f3a9c21")).rejects.toMatchObject({
    code: "CLUSTER_UNREACHABLE",
    message: expect.stringMatching(
      /what answers at 127.0.0.1:\d+ is no cluster: <html>/,
    ) as unknown,
  });
});
