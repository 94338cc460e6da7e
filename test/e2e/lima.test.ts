import { afterAll, beforeAll, describe } from "vitest";

import { limaPlace, removeVms } from "../support/lima.js";
import { makeTempDir } from "../support/temp-dir.js";
import { limaLifeCases } from "./lima-life.js";
import { LimaScene } from "./lima-scene.js";
import { mainJobCases } from "./main-job.js";

const place = limaPlace();

describe.skipIf(place.unavailable !== undefined)(
  `a Lima box, ${place.unavailable ?? place.title}`,
  () => {
    const dir = makeTempDir("lm");
    const makeScene = (settings?: Readonly<Record<string, unknown>>): LimaScene =>
      new LimaScene(place, dir, settings);
    let first: LimaScene;

    beforeAll(async () => {
      first = makeScene({ template: place.template });
      await first.ok(["box", "create"]);
    });
    afterAll(() => {
      if (place.kind === "emulated") removeVms(first.env);
    });

    mainJobCases(makeScene);
    limaLifeCases(makeScene);
  },
);
