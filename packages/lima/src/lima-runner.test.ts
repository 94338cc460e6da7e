import { describe, expect, it } from "vitest";

import { RunError } from "@cco/exec";
import { FakeRunner } from "@cco/exec/testing";

import { LimaClient } from "./client.js";
import { LimaRunner } from "./lima-runner.js";

const LIST = ["limactl", "list", "--format", "json", "box"];
const SHELL = ["limactl", "shell", "--workdir", "/", "box", "--"];
const ASK = [...SHELL, "echo", "yes"];
const row = (status: string) => ({
  stdout: `{"name":"box","status":"${status}","dir":"/l/box"}\n`,
});
/** What ssh makes of a connection that is gone, and of a machine that is not there yet. */
const CLOSED = { exitCode: 255, stderr: "Shared connection to 127.0.0.1 closed.\n" };
const KEX = "kex_exchange_identification: Connection closed by remote host";

function boxed(): { fake: FakeRunner; runner: LimaRunner } {
  const fake = new FakeRunner();
  return { fake, runner: new LimaRunner(new LimaClient(fake), "box") };
}

describe("a program whose end nobody reported", () => {
  it("is a lost connection where the VM answers", async () => {
    const { fake, runner } = boxed();
    fake.expect(LIST, row("Running")).reply(CLOSED);
    fake.expect(LIST, row("Running")).expect(ASK, { stdout: "yes\n" });
    const error: unknown = await runner.run(["git", "status"]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({
      code: "CONNECTION_LOST",
      argv: ["git", "status"],
      message: "git: the connection to the VM box broke while it ran",
      hint: "what runs there goes on; run the same command again",
    });
    fake.assertDone();
  });

  it("is one too where its host agent is dead: the VM goes on", async () => {
    const { fake, runner } = boxed();
    fake.expect(LIST, row("Broken")).reply({ exitCode: 137, signal: "SIGKILL" });
    fake.expect(LIST, row("Broken")).expect(ASK, { stdout: "yes\n" });
    await expect(runner.run(["true"])).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it.each([
    ["refuses", { exitCode: 255 }],
    ["says nothing", {}],
    ["says nothing in time", { error: new RunError("COMMAND_TIMED_OUT", [], "limactl: too long") }],
  ])("is a VM that does not answer where it %s, in ssh's words", async (_, asked) => {
    const { fake, runner } = boxed();
    fake.expect(LIST, row("Running")).reply({ exitCode: 255, stderr: `${KEX}\n` });
    fake.expect(LIST, row("Running")).expect(ASK, asked);
    await expect(runner.run(["true"])).rejects.toMatchObject({
      code: "BACKEND_FAILED",
      message: `the VM box does not answer: ${KEX}`,
    });
    fake.assertDone();
  });

  it.each([
    [row("Stopped"), "BOX_STOPPED"],
    [{ stdout: "" }, "BOX_MISSING"],
  ])("is a VM that went under it: nothing is asked of it", async (list, code) => {
    const { fake, runner } = boxed();
    fake.expect(LIST, row("Running")).reply(CLOSED).expect(LIST, list);
    await expect(runner.run(["true"])).rejects.toMatchObject({ code });
    fake.assertDone();
  });
});

describe("status", () => {
  it("is asked before the first program, and not again for those that follow at once", async () => {
    const { fake, runner } = boxed();
    fake.expect(LIST, row("Running"));
    for (let shells = 0; shells < 2; shells += 1) fake.reply({ exitCode: 0 });
    await Promise.allSettled([
      runner.run(["sh"], { stdin: "inherit" }),
      runner.run(["sh"], { stdin: "inherit" }),
    ]);
    expect(fake.calls.map((argv) => argv.slice(0, 2).join(" "))).toEqual([
      "limactl list",
      "limactl shell",
      "limactl shell",
    ]);
  });

  it("of a stopped VM runs nothing", async () => {
    const { fake, runner } = boxed();
    fake.expect(LIST, row("Stopped"));
    await expect(runner.run(["true"])).rejects.toMatchObject({ code: "BOX_STOPPED" });
    expect(fake.calls).toHaveLength(1);
  });
});
