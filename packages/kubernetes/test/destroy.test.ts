import { KubernetesBackend } from "@cco/kubernetes";
import { afterEach, beforeEach, expect, it } from "vitest";

import { FakeApi } from "./fake-api.js";

const NAMESPACE = "/api/v1/namespaces/cco";

let api: FakeApi;
beforeEach(() => {
  api = new FakeApi();
});
afterEach(() => {
  api.close();
});

it("removes the namespace that cco made, once no session of anybody is in it", async () => {
  const backend = new KubernetesBackend({ env: await api.open() });
  api.answer(200, { items: [] }).answer(404).answer(200, { items: [] });
  const labels = { "app.kubernetes.io/managed-by": "cco" };
  api.answer(200, { metadata: { name: "cco", labels } }).answer(200);
  await backend.destroy();
  const [, , others = "", ...rest] = api.calls;
  const { searchParams } = new URL(others.replace("GET ", ""), "http://x");
  expect(searchParams.get("labelSelector")).toBe(
    "app.kubernetes.io/managed-by=cco,cco.dev/session",
  );
  expect(rest).toEqual([`GET ${NAMESPACE}`, `DELETE ${NAMESPACE}`]);
});

it("leaves it where others have sessions", async () => {
  const backend = new KubernetesBackend({ env: await api.open() });
  api
    .answer(200, { items: [] })
    .answer(404)
    .answer(200, { items: [{ metadata: { name: "p" } }] });
  await backend.destroy();
  expect(api.calls.at(-1)).toMatch(/^GET .*\/pods\?/);
});
