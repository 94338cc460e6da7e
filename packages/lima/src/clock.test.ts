import { FakeRunner } from "@cco/exec/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { clockDifference, mendClock } from "./clock.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

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
  expect(difference).toBe(mended ? off : null);
  runner.assertDone();
});

it("a machine that does not say is left alone", async () => {
  const runner = new FakeRunner().reply({ exitCode: 1 }).reply({ stdout: "N\n" });
  expect([await clockDifference(runner), await mendClock(runner)]).toEqual([null, null]);
});
