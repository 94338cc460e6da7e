import { PassThrough } from "node:stream";

import { RunError } from "@cco/exec";
import { FakeRunner } from "@cco/exec/testing";
import { expect, it } from "vitest";

import { ContainerRunner } from "./container-runner.js";
import { EngineClient } from "./engine-client.js";
import { ENGINES } from "./engines.js";

const NOT_RUNNING = {
  exitCode: 255,
  stderr: "Error: can only create exec sessions on running containers: container state improper\n",
};
const INSPECT = ["podman", "container", "inspect", "--format", "{{.State.Running}}", "keeper"];

function keeper(runner: FakeRunner): ContainerRunner {
  const client = new EngineClient(runner, ENGINES.podman);
  return new ContainerRunner({ client, container: "keeper", startable: true });
}

it("starts a container that does not run, and runs the program then", async () => {
  const runner = new FakeRunner()
    .reply(NOT_RUNNING)
    .expect(INSPECT, { stdout: "false\n" })
    .expect(["podman", "start", "keeper"])
    .reply({ stdout: "ran" });
  expect((await keeper(runner).run(["true"])).stdout.toString()).toBe("ran");
  runner.assertDone();
});

it("does not run it again into a stream that had its end", async () => {
  const runner = new FakeRunner().reply(NOT_RUNNING).expect(INSPECT, { stdout: "false\n" });
  const stdout = new PassThrough().resume();
  expect((await keeper(runner).run(["true"], { stdout })).exitCode).toBe(255);
  runner.assertDone();
});

it.each(["web is not running\n", "Error: no such container: web\n"])(
  "takes a program's own %j for nothing more: it is run once",
  async (stderr) => {
    const runner = new FakeRunner()
      .reply({ exitCode: 1, stderr })
      .expect(INSPECT, { stdout: "true\n" });
    expect(await keeper(runner).run(["check"])).toMatchObject({ exitCode: 1, stderr });
    runner.assertDone();
  },
);

it("says that a container is gone", async () => {
  const gone = { exitCode: 125, stderr: "Error: no such container keeper\n" };
  const running = keeper(new FakeRunner().reply(gone).expect(INSPECT, gone)).run(["true"]);
  await expect(running).rejects.toMatchObject({
    code: "BACKEND_FAILED",
    message: expect.stringContaining("keeper is gone") as unknown,
  });
});

it("ends a program that is given up, in limited time", async () => {
  const aborted = new RunError("COMMAND_ABORTED", ["podman"], "podman: aborted");
  const runner = new FakeRunner().reply({ error: aborted }).reply();
  await expect(keeper(runner).run(["sleep", "9"])).rejects.toBe(aborted);
  const [program, kill] = runner.runs;
  const token = /CCO_EXEC=(\w+)/.exec(program?.argv.join(" ") ?? "")?.[1];
  expect(kill?.argv.at(-1)).toBe(token);
  expect(kill?.options.timeoutMs).toBeGreaterThan(0);
});
