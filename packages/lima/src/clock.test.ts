import { FakeRunner } from "@cco/exec/testing";
import { expect, it } from "vitest";

import { clockDifference, mendClock } from "./clock.js";

it("knows no difference that the way there could have made", async () => {
  const runner = new FakeRunner().reply({ stdout: `${String(Date.now())}\n` });
  expect(await clockDifference(runner)).toBe(0);
});

it.each([
  [3_600_000, true],
  [-3_600_000, true],
  [500, false],
])("%i ms off: mended is %s", async (off, mended) => {
  const runner = new FakeRunner().reply({ stdout: `${String(Date.now() + off)}\n` });
  if (mended) runner.reply();
  const difference = await mendClock(runner);
  if (mended) expect(Math.abs((difference ?? 0) - off)).toBeLessThan(60_000);
  else expect(difference).toBeNull();
  runner.assertDone();
});

it("a machine that does not say is left alone", async () => {
  const runner = new FakeRunner().reply({ exitCode: 1 }).reply({ stdout: "N\n" });
  expect([await clockDifference(runner), await mendClock(runner)]).toEqual([null, null]);
});
