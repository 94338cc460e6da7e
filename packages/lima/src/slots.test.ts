import { expect, it } from "vitest";

import { Slots } from "./slots.js";

function work() {
  let finish = (): void => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  return {
    done,
    finish: () => {
      finish();
    },
  };
}

it("lets so many in, the next when one is done, in turn", async () => {
  const slots = new Slots(2, 60_000);
  const began: number[] = [];
  const jobs = [0, 1, 2, 3].map(() => work());
  const running = jobs.map(({ done }, index) =>
    slots.use(() => {
      began.push(index);
      return done;
    }),
  );
  await Promise.resolve();
  expect(began).toEqual([0, 1]);
  jobs[1]?.finish();
  await running[1];
  await new Promise(setImmediate);
  expect(began).toEqual([0, 1, 2]);
  for (const { finish } of jobs) finish();
  await Promise.all(running);
  expect(began).toEqual([0, 1, 2, 3]);
});

it("one that waited long goes all the same", async () => {
  const slots = new Slots(1, 1);
  const first = work();
  const held = slots.use(() => first.done);
  expect(await slots.use(() => Promise.resolve("second"))).toBe("second");
  first.finish();
  await held;
  expect(await slots.use(() => Promise.resolve("third"))).toBe("third");
});

it("a failure gives its place back", async () => {
  const slots = new Slots(1, 60_000);
  await expect(slots.use(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await slots.use(() => Promise.resolve("next"))).toBe("next");
});
