import { PassThrough } from "node:stream";

import { FakeRunner } from "@cco/exec/testing";
import { expect, it } from "vitest";

import { helperManifest, newestSaved, readNewest } from "./result-volume.js";
import { settingsOf } from "./settings.js";

it("takes what the latest start saved, and of that the final one", () => {
  expect(newestSaved(["saved.1", "final.1", "saved.2"])).toMatchObject({ name: "saved.2" });
  expect(newestSaved(["saved.10", "final.9"])).toMatchObject({ attempt: 10, final: false });
  expect(newestSaved(["saved.1", "final.1"])).toMatchObject({ name: "final.1", final: true });
});

it("takes nothing that is not whole, or that it did not name", () => {
  expect(newestSaved(["", ".saved.1.17", "saved.0", "saved.1x", "xsaved.1", "final"])).toBeNull();
});

it("says that a folder cannot be listed, and never that it is empty", async () => {
  const failed = new FakeRunner().expect(["ls", "-1", "/result"], {
    exitCode: 2,
    stderr: "ls: /result: Stale file handle\n",
  });
  await expect(readNewest(failed, "volume results", new PassThrough())).rejects.toMatchObject({
    code: "TRANSFER_FAILED",
    message: "volume results cannot be read: ls: /result: Stale file handle",
  });
  const empty = new FakeRunner().expect(["ls", "-1", "/result"], { stdout: "\n" });
  expect(await readNewest(empty, "volume results", new PassThrough())).toBeNull();
});

it("looks into the volume with no more rights than a session, and is none", () => {
  const settings = settingsOf({ image: "registry.test/agent:1", nodeSelector: { a: "b" } }, "me");
  const mount = { subPath: "7f3a9c21", readOnly: true };
  const made = helperManifest("7f3a9c21-result-00aa11", "results", mount, settings);
  expect(made.metadata["labels"]).toEqual({
    "app.kubernetes.io/managed-by": "cco",
    "cco.dev/owner": "me",
  });
  expect(made["spec"]).toMatchObject({
    automountServiceAccountToken: false,
    nodeSelector: { a: "b" },
    securityContext: { runAsNonRoot: true },
    containers: [
      {
        securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        volumeMounts: [
          { name: "result", mountPath: "/result", subPath: "7f3a9c21", readOnly: true },
        ],
      },
    ],
    volumes: [{ name: "result", persistentVolumeClaim: { claimName: "results" } }],
  });
});
