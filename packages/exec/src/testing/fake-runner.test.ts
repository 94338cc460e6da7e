import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { expect, it } from "vitest";

import { RunError } from "../errors.js";
import { FakeRunner } from "./fake-runner.js";

it("answers in order and remembers what was run", async () => {
  const runner = new FakeRunner().expect(["git", "version"], { stdout: "git 2\n" }).reply({
    exitCode: 3,
    stderr: "no",
  });

  expect((await runner.run(["git", "version"])).stdout.toString()).toBe("git 2\n");
  expect(await runner.run(["anything"])).toMatchObject({ exitCode: 3, stderr: "no" });
  expect(runner.calls).toEqual([["git", "version"], ["anything"]]);
  runner.assertDone();
});

it("refuses a run that nothing was said about", async () => {
  await expect(new FakeRunner().run(["rm", "-rf"])).rejects.toThrow('unexpected run: ["rm","-rf"]');
});

it("refuses another argv than the expected one", async () => {
  const runner = new FakeRunner().expect(["git", "version"]);
  await expect(runner.run(["git", "--version"])).rejects.toThrow('expected: ["git","version"]');
});

it("says which replies were not used", () => {
  expect(() => {
    new FakeRunner().reply().assertDone();
  }).toThrow("1 prepared replies were not used");
});

it("throws a prepared error", async () => {
  const error = new RunError("COMMAND_NOT_FOUND", ["x"], "x: command not found");
  await expect(new FakeRunner().reply({ error }).run(["x"])).rejects.toBe(error);
});

it("reads a stream given as stdin and writes to a stream given as stdout", async () => {
  const runner = new FakeRunner().reply({ stdout: "out" });
  const sink = new PassThrough();
  const [result, written] = await Promise.all([
    runner.run(["cat"], {
      stdin: Readable.from([Buffer.from("a"), Buffer.from("b")]),
      stdout: sink,
    }),
    buffer(sink),
  ]);

  expect(runner.runs[0]?.stdin?.toString()).toBe("ab");
  expect(written.toString()).toBe("out");
  expect(result.stdout).toHaveLength(0);
});

it("prefixes the host argv as another place would", () => {
  expect(new FakeRunner(["ssh", "big"]).hostArgv(["ls"])).toEqual(["ssh", "big", "ls"]);
});
