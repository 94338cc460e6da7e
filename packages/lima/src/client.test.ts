import { describe, expect, it } from "vitest";

import { RunError } from "@cco/exec";
import { FakeRunner } from "@cco/exec/testing";

import { LimaClient } from "./client.js";

const LIST = ["limactl", "list", "--format", "json", "box"];
const NAMES = ["limactl", "list", "--quiet"];
const row = (status: string) => `{"name":"box","status":"${status}","dir":"/l/box"}\n`;

describe("find", () => {
  it("asks for one VM, whatever state the others are in", async () => {
    const runner = new FakeRunner().expect(LIST, { stdout: row("Running") });
    expect(await new LimaClient(runner).find("box")).toMatchObject({ status: "Running" });
    runner.assertDone();
  });

  it("an unknown name and no VM at all are null", async () => {
    const runner = new FakeRunner()
      .expect(LIST, { exitCode: 1, stderr: "level=warning msg=none\n" })
      .expect(NAMES, { stdout: "other\nbox2\n" })
      .expect(LIST, { stdout: "" });
    const client = new LimaClient(runner);
    expect([await client.find("box"), await client.find("box")]).toEqual([null, null]);
  });

  it("a VM whose yaml cannot be read is broken, in limactl's words", async () => {
    const stderr = 'level=fatal msg="unable to load instance box: no lima.yaml"\n';
    const runner = new FakeRunner()
      .expect(LIST, { exitCode: 1, stderr })
      .expect(NAMES, { stdout: "box\n" });
    expect(await new LimaClient(runner).find("box")).toMatchObject({
      status: "Broken",
      errors: ["unable to load instance box: no lima.yaml"],
    });
  });

  it("a question that failed is no answer", async () => {
    const stderr = 'level=fatal msg="permission denied"\n';
    const runner = new FakeRunner().reply({ exitCode: 1 }).reply({ exitCode: 1, stderr });
    await expect(new LimaClient(runner).find("box")).rejects.toMatchObject({
      code: "BACKEND_FAILED",
      message: "limactl list: permission denied",
    });
  });

  it("output that is none of limactl's is an error that names the version", async () => {
    const runner = new FakeRunner().expect(LIST, { stdout: "NAME STATUS\n" });
    await expect(new LimaClient(runner).find("box")).rejects.toMatchObject({
      code: "BACKEND_FAILED",
      hint: expect.stringContaining("limactl --version") as string,
    });
  });
});

describe("commands", () => {
  it("never lets limactl ask, and hands the template over on stdin", async () => {
    const runner = new FakeRunner()
      .expect(["limactl", "create", "--tty=false", "--name=box", "-"])
      .expect(["limactl", "create", "--tty=false", "--name=box", "/t.yaml"])
      .expect(["limactl", "start", "--tty=false", "box"])
      .expect(["limactl", "stop", "--tty=false", "box"])
      .expect(["limactl", "stop", "--tty=false", "--force", "box"])
      .expect(["limactl", "delete", "--tty=false", "--force", "box"]);
    const client = new LimaClient(runner);
    await client.create("box", { yaml: "images: []\n" });
    await client.create("box", { file: "/t.yaml" });
    await client.start("box");
    await client.stop("box");
    await client.stop("box", { force: true });
    await client.delete("box");
    expect(runner.runs.map(({ stdin }) => stdin?.toString() ?? null)).toEqual([
      "images: []\n",
      ...Array<null>(5).fill(null),
    ]);
  });

  it("exit codes are data", async () => {
    const runner = new FakeRunner().reply({ exitCode: 1 });
    expect(await new LimaClient(runner).start("box")).toEqual({ exitCode: 1, messages: [] });
  });
});

describe("shellArgv", () => {
  const client = new LimaClient(new FakeRunner());

  it("is the vector that people know", () => {
    expect(client.shellArgv("cco-sandbox", ["sh", "-c", "true"])).toEqual(
      "limactl shell --workdir / cco-sandbox -- sh -c true".split(" "),
    );
  });

  it("a first word with = is a program, not a variable", () => {
    expect(client.shellArgv("box", ["A=b", "c"]).slice(6)).toEqual([
      ...["sh", "-c", 'exec "$0" "$@"', "A=b", "c"],
    ]);
  });

  it("without a program it is a login shell", () => {
    expect(client.shellArgv("box")).toEqual(["limactl", "shell", "--workdir", "/", "box"]);
  });
});

describe("what stands in the way", () => {
  it("no limactl", async () => {
    const error = new RunError("COMMAND_NOT_FOUND", ["limactl"], "limactl: command not found");
    const runner = new FakeRunner().reply({ error });
    await expect(new LimaClient(runner).version()).rejects.toMatchObject({
      code: "BOX_MISSING",
      message: "limactl is not installed",
    });
  });

  it("root", async () => {
    const runner = new FakeRunner().reply({
      exitCode: 1,
      stderr: "limactl: must not run as the root user\n",
    });
    await expect(new LimaClient(runner).version()).rejects.toMatchObject({
      code: "BACKEND_FAILED",
      message: "limactl refuses to run as root",
      hint: expect.stringContaining("ordinary user") as string,
    });
  });
});
