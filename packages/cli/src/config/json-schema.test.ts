import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { configJsonSchema } from "./json-schema.js";

it("is what schema/config.json holds (vitest -u writes it)", async () => {
  const file = fileURLToPath(new URL("../../schema/config.json", import.meta.url));
  await expect(configJsonSchema()).toMatchFileSnapshot(file);
});

it("refuses keys that are not in it", () => {
  const schema = JSON.parse(configJsonSchema()) as { additionalProperties: unknown };
  expect(schema.additionalProperties).toBe(false);
});
