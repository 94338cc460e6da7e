import { describe, expect, it } from "vitest";

import {
  bundle,
  leftovers,
  makeScene,
  request,
  SESSION,
} from "../../../test/integration/attacks/fixture.js";
import { intake } from "../src/intake/index.js";

const REF = `refs/cco/sessions/${SESSION}`;

describe("intake of honest work", () => {
  it("takes plain commits and says what came", async () => {
    const scene = await makeScene();
    scene.guest.commit({ "src/a.txt": "aa\n" }, "one");
    const tip = scene.guest.commit({ "src/c.txt": "c\n" }, "two");
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toEqual({
      tip,
      commits: 2,
      rewritten: false,
      heads: [],
      droppedTags: [],
      findings: [],
      refs: [REF],
    });
    expect(scene.host.rev(REF)).toBe(tip);
    expect(scene.host.git("fsck", "--connectivity-only")).toBe("");
    expect(leftovers(scene)).toEqual([]);
  });
});
