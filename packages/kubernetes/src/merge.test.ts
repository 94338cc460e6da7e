import { expect, it } from "vitest";

import { strategicMerge } from "./merge.js";

const POD = {
  metadata: { labels: { a: "1" } },
  spec: {
    containers: [
      { name: "agent", image: "x", env: [{ name: "HOME", value: "/h" }] },
      { name: "keeper", image: "x" },
    ],
    tolerations: [{ key: "old" }],
    volumes: [{ name: "home", emptyDir: {} }],
  },
};

it("merges maps, and lists of named things by their name", () => {
  const merged = strategicMerge(POD, {
    metadata: { labels: { b: "2" } },
    spec: {
      containers: [
        { name: "agent", env: [{ name: "X", value: "y" }], resources: { limits: { gpu: "1" } } },
        { name: "side", image: "z" },
      ],
      volumes: [{ name: "cache", emptyDir: {} }],
    },
  });
  expect(merged).toEqual({
    metadata: { labels: { a: "1", b: "2" } },
    spec: {
      containers: [
        {
          name: "agent",
          image: "x",
          env: [
            { name: "HOME", value: "/h" },
            { name: "X", value: "y" },
          ],
          resources: { limits: { gpu: "1" } },
        },
        { name: "keeper", image: "x" },
        { name: "side", image: "z" },
      ],
      tolerations: [{ key: "old" }],
      volumes: [
        { name: "home", emptyDir: {} },
        { name: "cache", emptyDir: {} },
      ],
    },
  });
});

it("replaces other lists, and removes by null and by $patch", () => {
  const merged = strategicMerge(POD, {
    metadata: { labels: null },
    spec: {
      tolerations: [{ key: "new" }],
      volumes: [{ name: "home", $patch: "delete" }],
      containers: [{ name: "keeper", $patch: "replace", image: "other" }],
    },
  });
  expect(merged.metadata).toEqual({});
  expect(merged.spec.tolerations).toEqual([{ key: "new" }]);
  expect(merged.spec.volumes).toEqual([]);
  expect(merged.spec.containers[1]).toEqual({ name: "keeper", image: "other" });
});

it("leaves what it was given as it is", () => {
  const before = structuredClone(POD);
  strategicMerge(POD, { spec: { containers: [{ name: "agent", image: "y" }] } });
  expect(POD).toEqual(before);
});
