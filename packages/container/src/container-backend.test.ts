import { RunError, type CommandRunner } from "@cco/exec";
import { FakeRunner } from "@cco/exec/testing";
import { describe, expect, it } from "vitest";

import { ContainerBackend } from "./container-backend.js";

const ID = "7f3a9c21";
const NO_CONTAINER = { exitCode: 125, stderr: `Error: no such container "cco-${ID}-keeper"\n` };

/** The engine's words of each run, without what a test does not look at. */
function words(runner: FakeRunner): readonly string[] {
  return runner.calls.map((argv) => {
    const name = argv[argv.indexOf("--name") + 1] ?? "";
    const target = argv.includes("--name") ? name : (argv.at(-1) ?? "");
    return [...argv.slice(0, 2), target].join(" ");
  });
}

function backend(runner: FakeRunner, engine: "podman" | "docker" = "podman"): ContainerBackend {
  return new ContainerBackend({ runner, engine, image: "agent:1" });
}

describe("openGuest", () => {
  it("makes volumes, then the keeper, then starts it and makes the agent's container", async () => {
    const runner = new FakeRunner().reply(NO_CONTAINER);
    for (let run = 0; run < 7; run++) runner.reply();
    await backend(runner).openGuest(ID);
    expect(words(runner)).toEqual([
      `podman container cco-${ID}-agent`,
      ...["workspace", "exchange", "home", "control"].map(
        (name) => `podman volume cco-${ID}-${name}`,
      ),
      `podman create cco-${ID}-keeper`,
      `podman start cco-${ID}-keeper`,
      `podman create cco-${ID}-agent`,
    ]);
    runner.assertDone();
  });

  it("gives the one that is there, and starts a keeper that does not run", async () => {
    const record = { version: 1, id: ID, image: "i", network: { policy: "none", allow: [] } };
    const stdout = `"exited" ${JSON.stringify(JSON.stringify({ ...record, env: {} }))}\n`;
    const runner = new FakeRunner().reply({ stdout }).reply();
    const guest = await backend(runner).openGuest(ID);
    expect(guest.paths.workspace).toBe(`/workspace/${ID}`);
    expect(runner.calls[1]).toEqual(["podman", "start", `cco-${ID}-keeper`]);
  });

  it.each([
    ["podman", "Error: localhost/cco-box:1: image not known\n"],
    ["docker", "Unable to find image 'localhost/cco-box:1' locally\n"],
    ["docker", "Error: No such image: localhost/cco-box:1\n"],
  ] as const)(
    "an image that is not there: says create, leaves nothing (%s)",
    async (engine, stderr) => {
      const runner = new FakeRunner().reply(NO_CONTAINER);
      for (let volume = 0; volume < 4; volume++) runner.reply();
      runner.reply({ exitCode: 125, stderr });
      runner.reply({ stdout: "" }).reply();
      await expect(backend(runner, engine).openGuest(ID)).rejects.toMatchObject({
        code: "BOX_MISSING",
        hint: "cco box create --backend container",
      });
      expect(runner.calls.at(-1)?.slice(0, 4)).toEqual([engine, "volume", "rm", "--force"]);
      runner.assertDone();
    },
  );

  it("a disk that is full: in the engine's words, nothing is left", async () => {
    const stderr = "Error: write /var/lib: no space left on device\n";
    const runner = new FakeRunner().reply(NO_CONTAINER);
    for (let volume = 0; volume < 4; volume++) runner.reply();
    runner.reply({ exitCode: 125, stderr });
    runner.reply({ stdout: "abc\n" }).reply().reply();
    await expect(backend(runner).openGuest(ID)).rejects.toMatchObject({
      code: "BACKEND_FAILED",
      message: expect.stringContaining("no space left on device") as unknown,
    });
    expect(runner.calls.at(-2)).toEqual([
      "podman",
      "rm",
      "--force",
      "--time",
      "0",
      "--ignore",
      "abc",
    ]);
    runner.assertDone();
  });

  it("removes nothing while something of it is still being made", async () => {
    const done: string[] = [];
    const runner: CommandRunner = {
      run: async (argv: readonly string[]) => {
        const name = argv.at(-1) ?? "";
        const fails = argv[2] === "create" && name.endsWith("-home");
        if (argv[2] === "create" && !fails) await new Promise((resolve) => setTimeout(resolve, 5));
        done.push([...argv.slice(1, 3), name].join(" "));
        const missing = argv[1] === "container";
        const stderr = missing ? NO_CONTAINER.stderr : fails ? "no space left on device" : "";
        return { exitCode: stderr === "" ? 0 : 125, signal: null, stdout: Buffer.alloc(0), stderr };
      },
      hostArgv: (argv: readonly string[]) => argv,
    };
    const opening = new ContainerBackend({ runner, image: "agent:1" }).openGuest(ID);
    await expect(opening).rejects.toThrow(`cannot make cco-${ID}-home: no space left on device`);
    const removed = done.findIndex((words) => words.startsWith("volume rm"));
    expect(
      done.slice(0, removed).filter((words) => words.startsWith("volume create")),
    ).toHaveLength(4);
  });

  it("a program that the image has not: named, nothing is left", async () => {
    const runner = new FakeRunner().reply(NO_CONTAINER);
    for (let run = 0; run < 7; run++) runner.reply();
    runner.reply({ stdout: "claude\n" }).reply({ stdout: "" }).reply();
    await expect(backend(runner).openGuest(ID, { programs: ["claude"] })).rejects.toMatchObject({
      code: "PROGRAM_NOT_FOUND",
      message: "program not found: claude",
    });
    runner.assertDone();
  });

  it("programs that cannot be looked for are not taken for found", async () => {
    const runner = new FakeRunner().reply(NO_CONTAINER);
    for (let run = 0; run < 7; run++) runner.reply();
    runner.reply({ exitCode: 137 }).reply({ stdout: "" }).reply();
    await expect(backend(runner).openGuest(ID, { programs: ["claude"] })).rejects.toMatchObject({
      code: "START_FAILED",
    });
    runner.assertDone();
  });

  it("an entry of the allowlist that cannot be read is refused before anything is made", async () => {
    const runner = new FakeRunner().reply(NO_CONTAINER);
    const network = { policy: "allowlist", allow: ["not a name"] } as const;
    await expect(backend(runner).openGuest(ID, { network })).rejects.toThrow("not a name");
    runner.assertDone();
  });

  it("an id that is none is refused before anything is run", async () => {
    await expect(backend(new FakeRunner()).openGuest("a/../b")).rejects.toThrow();
  });
});

describe("the engine", () => {
  const notFound = new RunError("COMMAND_NOT_FOUND", ["podman"], "podman: command not found");

  it("that is not installed: missing, with what installs it", async () => {
    expect(await backend(new FakeRunner().reply({ error: notFound })).status()).toBe("missing");
    await expect(
      backend(new FakeRunner().reply({ error: notFound })).create(),
    ).rejects.toMatchObject({ code: "BOX_MISSING", hint: "sudo apt-get install podman" });
  });

  it("that does not answer: broken, with what starts it", async () => {
    const stderr = "Cannot connect to the Docker daemon at unix:///run/docker.sock.\n";
    const silent = () => backend(new FakeRunner().reply({ exitCode: 1, stderr }), "docker");
    expect(await silent().status()).toBe("broken");
    await expect(silent().start()).rejects.toMatchObject({ code: "BOX_BROKEN" });
    await expect(silent().guests()).rejects.toMatchObject({
      code: "BOX_BROKEN",
      hint: expect.stringContaining("systemctl start docker") as unknown,
    });
  });

  it("without the box's image: missing, and the check names the command", async () => {
    const asked = () =>
      backend(new FakeRunner().reply({ stdout: "4.3.1\n" }).reply({ exitCode: 1 }));
    expect(await asked().status()).toBe("missing");
    expect(await asked().check()).toEqual([
      { name: "podman", ok: true, detail: "4.3.1" },
      expect.objectContaining({ ok: false, fix: "cco box create --backend container" }),
    ]);
  });

  it("makes the image from its base, which it pulls where it is not there", async () => {
    const runner = new FakeRunner().reply({ stdout: "4.3.1\n" }).reply({ exitCode: 1 });
    runner.reply({ exitCode: 1 }).reply().reply();
    await backend(runner).create();
    expect(runner.calls[3]).toEqual(["podman", "pull", "--quiet", "agent:1"]);
    expect(runner.calls[4]?.slice(0, 6)).toEqual([
      ...["podman", "build", "--quiet", "--network", "none", "--tag"],
    ]);
    expect(runner.runs[4]?.stdin?.toString()).toMatch(/^FROM agent:1\nUSER 0\n/);
  });

  it("that cannot pull it: says what goes without a registry", async () => {
    const runner = new FakeRunner().reply({ stdout: "4.3.1\n" }).reply({ exitCode: 1 });
    runner.reply({ exitCode: 1 }).reply({ exitCode: 125, stderr: "Error: no route\n" });
    await expect(backend(runner).create()).rejects.toMatchObject({
      code: "BOX_MISSING",
      message: expect.stringContaining("no image agent:1") as unknown,
      hint: expect.stringContaining("backends.container.rootfs") as unknown,
    });
  });
});

it("closeGuest removes all that has the guest's label, and its volumes; nothing there is no failure", async () => {
  const runner = new FakeRunner().reply({ stdout: "aa\nbb\n" });
  runner.reply().reply({ exitCode: 1, stderr: "Error: no such volume x\n" });
  await backend(runner, "docker").closeGuest(ID);
  expect(runner.calls[1]).toEqual(["docker", "rm", "--force", "aa", "bb"]);
  expect(runner.calls[2]?.slice(0, 4)).toEqual(["docker", "volume", "rm", "--force"]);
});

it("destroy closes every guest of the box, and removes its image", async () => {
  const runner = new FakeRunner().reply({ stdout: "aa\nbb\n" }).reply({ stdout: `${ID}\n${ID}\n` });
  for (let run = 0; run < 4; run++) runner.reply();
  await backend(runner).destroy();
  expect(words(runner)).toEqual([
    "podman ps label=cco.box=cco",
    "podman container bb",
    `podman ps label=cco.guest=${ID}`,
    `podman volume cco-${ID}-net`,
    "podman volume cco-provision",
    expect.stringMatching(/^podman image localhost\/cco-box:[0-9a-f]{12}$/),
  ]);
});

it("a file for homes may not lie outside of them", async () => {
  const files = [{ path: "../x", content: Buffer.from("") }];
  await expect(backend(new FakeRunner()).provision(files)).rejects.toMatchObject({
    code: "BACKEND_FAILED",
  });
});
