import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocketServer } from "ws";

import { Cluster } from "../src/api/cluster.js";
import { GuestOpener } from "../src/open.js";
import { Pods } from "../src/pods.js";
import { settingsOf } from "../src/settings.js";
import { FakeApi } from "./fake-api.js";

const ID = "7f3a9c21";
const RUNNING = {
  metadata: { name: `cco-${ID}` },
  status: {
    phase: "Running",
    containerStatuses: ["agent", "keeper"].map((name) => ({ name, state: { running: {} } })),
  },
};

let api: FakeApi;
let opener: GuestOpener;

beforeEach(async () => {
  api = new FakeApi();
  const settings = settingsOf({ image: "registry.test/agent:1" }, "me");
  const cluster = new Cluster({ env: await api.open() });
  opener = new GuestOpener(cluster, settings, new Pods(cluster, settings));
});
afterEach(() => {
  api.close();
});

it("a pod that does not answer is not taken for one whose agent was not started", async () => {
  api.answer(500, { message: "error dialing backend" });
  expect(await opener.askState(ID)).toEqual({
    kind: "pending",
    why: expect.stringContaining("error dialing backend") as unknown,
  });
});

it("a keeper that cannot look for programs did not find them", async () => {
  const streams = new WebSocketServer({ server: api.server });
  streams.on("connection", (stream) => {
    const causes = [{ reason: "ExitCode", message: "126" }];
    stream.send(Buffer.from("\x02sh: no such file"));
    stream.send(Buffer.from(`\x03${JSON.stringify({ status: "Failure", details: { causes } })}`));
    stream.close();
  });
  api.answer(200, RUNNING).answer(200, { metadata: { resourceVersion: "1" }, items: [RUNNING] });
  const network = { policy: "none", allow: [] } as const;
  await expect(opener.open(ID, { network, programs: ["claude"] }, {})).rejects.toMatchObject({
    code: "START_FAILED",
    message: `cannot look into the pod of ${ID}: sh: no such file`,
  });
  streams.close();
});
