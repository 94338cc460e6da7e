import { afterAll, beforeAll, describe } from "vitest";

import { mainJobCases } from "../e2e/main-job.js";
import { ENGINE_NAMES, testEngine } from "../support/engines.js";
import { ContainerScene, TestBox } from "./scene.js";

for (const name of ENGINE_NAMES) {
  const engine = testEngine(name);
  const why = typeof engine === "string" ? ` (${engine})` : "";
  describe.skipIf(why !== "")(`on ${name}${why}`, () => {
    let box: TestBox;
    beforeAll(async () => {
      box = TestBox.of(name);
      await box.backend.create();
    });
    afterAll(() => box.backend.destroy());

    mainJobCases(() => new ContainerScene(box));
  });
}
