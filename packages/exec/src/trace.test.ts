import { expect, it } from "vitest";

import { RunError } from "./errors.js";
import { FakeRunner } from "./testing/fake-runner.js";
import { traceRunner, type TracedRun } from "./trace.js";

it("reports each run with its exit code and passes the result on", async () => {
  const runs: TracedRun[] = [];
  const runner = traceRunner(new FakeRunner().reply({ exitCode: 4 }), (run) => runs.push(run));

  expect((await runner.run(["git", "status"])).exitCode).toBe(4);
  expect(runs).toEqual([
    { argv: ["git", "status"], durationMs: expect.any(Number) as number, exitCode: 4 },
  ]);
});

it("reports a run that gave no exit code, and throws on", async () => {
  const runs: TracedRun[] = [];
  const error = new RunError("COMMAND_TIMED_OUT", ["git"], "git: timed out");
  const runner = traceRunner(new FakeRunner().reply({ error }), (run) => runs.push(run));

  await expect(runner.run(["git"])).rejects.toBe(error);
  expect(runs).toMatchObject([{ argv: ["git"], exitCode: null }]);
});

it("keeps the place of the runner it decorates", () => {
  const runner = traceRunner(new FakeRunner(["ssh", "big"]), () => undefined);
  expect(runner.hostArgv(["ls"])).toEqual(["ssh", "big", "ls"]);
});
