import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { LimaBackend, LimaClient, LimaRunner, type ProvisionTool } from "@cco/lima";
import { LocalBackend } from "@cco/local";
import { afterEach, describe, expect, it } from "vitest";

import { hermeticEnv, type Env } from "../../../test/support/env.js";
import { emulatedEnv, limaPlace, removeVms } from "../../../test/support/lima.js";
import { makeTempDir } from "../../../test/support/temp-dir.js";

const { unavailable } = limaPlace();
const machines: Machine[] = [];

afterEach(() => {
  for (const { env } of machines.splice(0)) removeVms(env);
});

interface MachineOptions {
  readonly version?: string;
  /** Trouble to ask the emulator for. */
  readonly trouble?: string;
  readonly tools?: readonly ProvisionTool[];
}

/** A box on the emulator, which is as strict and as odd as the version it stands for. */
class Machine {
  readonly dir = makeTempDir("lf");
  readonly env: Env;
  readonly client: LimaClient;
  readonly runner: LimaRunner;
  readonly backend: LimaBackend;
  readonly said: string[] = [];

  constructor({ version, trouble, tools = [] }: MachineOptions = {}) {
    this.env = emulatedEnv(hermeticEnv(join(this.dir, "e")), this.dir, version);
    this.client = new LimaClient(new ExecaRunner({ env: this.env }));
    this.runner = new LimaRunner(this.client, "box");
    this.backend = this.#backend(trouble, tools);
    machines.push(this);
  }

  #backend(trouble: string | undefined, tools: readonly ProvisionTool[]): LimaBackend {
    const { client, runner } = this;
    const inner = new LocalBackend({ runner });
    const template = join(this.dir, "t.yaml");
    if (trouble !== undefined) writeFileSync(template, `images: x\n# emulator: ${trouble}\n`);
    const more = trouble === undefined ? {} : { template };
    return new LimaBackend({ client, runner, inner, name: "box", tools, ...more });
  }

  options(signal?: AbortSignal) {
    const onProgress = (line: string): void => {
      this.said.push(line);
    };
    return { onProgress, ...(signal === undefined ? {} : { signal }) };
  }

  status() {
    return this.client.find("box").then((found) => found?.status ?? null);
  }

  kill(process: "ha" | "vm"): void {
    const file = join(this.env["LIMA_HOME"] ?? "", "box", `${process}.pid`);
    const pid = readFileSync(file, "utf8").trim();
    spawnSync("sh", ["-c", `kill -KILL ${pid}; while kill -0 ${pid} 2>/dev/null; do :; done`]);
  }
}

describe.skipIf(unavailable !== undefined)(`create${unavailable ?? ""}`, () => {
  it("makes, starts and provisions a machine, says so, and can be repeated", async () => {
    const machine = new Machine();
    const { backend } = machine;
    expect(await backend.status()).toBe("missing");
    expect(await backend.guests()).toEqual(new Map());
    await backend.create(machine.options());
    expect(await backend.status()).toBe("running");
    expect(machine.said).toEqual([
      "creating the VM box from cco's own template",
      "Terminal is not available, proceeding without opening an editor",
      "Attempting to download the image",
      "Run `limactl start box` to start the instance.",
      "starting the VM box",
      "Starting the instance `box` with VM driver `qemu`",
      'Waiting for the essential requirement 1 of 3: "ssh"',
      "READY. Run `limactl shell box` to open the shell.",
    ]);
    expect(await backend.setUp()).toEqual({ before: "1", version: "1", changed: [], missing: [] });
    await backend.create(machine.options());
    expect((await backend.check()).filter(({ ok }) => !ok)).toEqual([]);
  });

  it.each(["1.2.3", "2.0.3"])("works with Lima %s", async (version) => {
    const { backend, runner } = new Machine({ version });
    await backend.create();
    expect((await runner.run(["sh", "-c", "exit 7"])).exitCode).toBe(7);
    await backend.stop();
    await expect(runner.run(["true"], { stdin: "y\n" })).rejects.toMatchObject({
      code: "BOX_STOPPED",
      message: "sandbox not running, run `cco box start`",
      hint: "cco box start --backend lima",
    });
  });

  it("leaves nothing where it fails", async () => {
    const machine = new Machine({ trouble: "create-fails" });
    await expect(machine.backend.create()).rejects.toMatchObject({
      code: "BACKEND_FAILED",
      message: "limactl create: failed to download the image",
    });
    expect(await machine.status()).toBeNull();
  });

  it("leaves nothing where it is interrupted in the middle of the start", async () => {
    const machine = new Machine({ trouble: "start-hangs" });
    const abort = new AbortController();
    const creating = machine.backend.create({
      signal: abort.signal,
      onProgress: (line) => {
        if (line.startsWith("Waiting for")) abort.abort();
      },
    });
    await expect(creating).rejects.toMatchObject({ code: "COMMAND_ABORTED" });
    expect(await machine.status()).toBeNull();
  });

  it("never removes another's machine of that name", async () => {
    const machine = new Machine();
    await machine.client.create("box", { yaml: "images: x\n" });
    await machine.backend.create();
    expect(await machine.status()).toBe("Running");
  });

  it("takes a start that is not perfect, and a machine that is slow to answer", async () => {
    const degraded = new Machine({ trouble: "degraded" });
    await degraded.backend.create(degraded.options());
    expect(degraded.said).toContain("fatal: degraded, status={Running:true Degraded:true}");
    expect(await degraded.backend.status()).toBe("running");
    const silent = new Machine({ trouble: "silent 3" });
    await silent.backend.create();
    expect(await silent.backend.status()).toBe("running");
  });

  it("says what is too long before anything is made", async () => {
    const machine = new Machine();
    const LIMA_HOME = join(machine.dir, "h".repeat(80));
    const client = new LimaClient(new ExecaRunner({ env: { ...machine.env, LIMA_HOME } }));
    const runner = new LimaRunner(client, "box");
    const backend = new LimaBackend({ client, runner, inner: machine.backend, name: "box" });
    await expect(backend.create()).rejects.toMatchObject({
      message: expect.stringMatching(/ is \d+ bytes too long for a VM's sockets$/) as string,
    });
  });

  it("explains that limactl takes no root", async () => {
    const { backend, env } = new Machine();
    env["EMULATED_LIMA_ROOT"] = "refused";
    await expect(backend.create()).rejects.toMatchObject({
      message: "limactl refuses to run as root",
    });
    expect(await backend.check()).toMatchObject([{ name: "Lima", ok: false }]);
    env["EMULATED_LIMA_ROOT"] = "allowed";
  });
});

describe.skipIf(unavailable !== undefined)(`life${unavailable ?? ""}`, () => {
  it("start never makes a machine, stop and destroy can be repeated", async () => {
    const machine = new Machine();
    const { backend } = machine;
    const missing = {
      code: "BOX_MISSING",
      message: "sandbox not created, run `cco box create`",
      hint: "cco box create --backend lima",
    };
    await expect(backend.start()).rejects.toMatchObject(missing);
    await expect(backend.stop()).rejects.toMatchObject(missing);
    await backend.destroy();
    expect(await machine.status()).toBeNull();
    await backend.create();
    await backend.stop();
    await backend.stop();
    expect(await backend.status()).toBe("stopped");
    await expect(backend.guests()).rejects.toMatchObject({ code: "BOX_STOPPED" });
    await backend.start();
    expect(await backend.status()).toBe("running");
    await backend.destroy();
    await backend.destroy();
    expect(await backend.status()).toBe("missing");
  });

  it("a dead host agent is broken, programs still run, and start heals it", async () => {
    const machine = new Machine();
    const { backend, runner } = machine;
    await backend.create();
    machine.kill("ha");
    expect(await backend.status()).toBe("broken");
    expect((await runner.run(["echo", "here"])).stdout.toString()).toBe("here\n");
    expect((await backend.check()).filter(({ ok }) => !ok)).toMatchObject([
      { name: "VM box", fix: "cco box start --backend lima" },
    ]);
    await backend.start();
    expect(await backend.status()).toBe("running");
  });

  it("a session of a machine that was killed: its bytes are there after the start", async () => {
    const machine = new Machine();
    const { backend } = machine;
    await backend.create();
    const guest = await backend.openGuest("abcd1234");
    await guest.terminal.start(["sh", "-c", "echo half >half; sync; echo READY; sleep 600"]);
    await guest.exec(["sh", "-c", "until [ -s half ]; do sleep 0.05; done"]);
    machine.kill("vm");
    await expect(backend.guests()).rejects.toMatchObject({ code: "BOX_STOPPED" });
    await backend.start();
    expect((await backend.guests()).get("abcd1234")).toMatchObject({
      kind: "ended",
      end: { reason: "host-restart", exitCode: null },
    });
    const again = await backend.openGuest("abcd1234");
    expect((await again.exec(["cat", "half"])).stdout.toString()).toBe("half\n");
  });

  it("tells what provisioning changed and what it could not have", async () => {
    const { backend, runner } = new Machine({
      tools: [
        { program: "cco-no-such-agent", install: "exit 1" },
        { program: "sh", install: "echo never run >/var/lib/ran" },
      ],
    });
    await backend.create();
    const report = await backend.setUp();
    expect(report).toMatchObject({ before: "1", changed: [], missing: ["cco-no-such-agent"] });
    expect((await runner.run(["test", "-e", "/var/lib/ran"])).exitCode).toBe(1);
  });
});

describe.skipIf(unavailable !== undefined)(`LimaRunner${unavailable ?? ""}`, () => {
  it("many at once: ten shells, no noise on anybody's stderr", async () => {
    const { backend, runner } = new Machine();
    await backend.create();
    const numbers = Array.from({ length: 25 }, (_, index) => String(index));
    const results = await Promise.all(
      numbers.map((number) => runner.run(["sh", "-c", 'sleep 0.3; echo "$1"', "sh", number])),
    );
    expect(results.map(({ stdout, stderr }) => [stdout.toString(), stderr])).toEqual(
      numbers.map((number) => [`${number}\n`, ""]),
    );
  });

  it("a program whose limactl was killed goes on, and one that is aborted does not", async () => {
    const { backend, runner } = new Machine();
    await backend.create();
    const abort = new AbortController();
    const running = runner.run(["sh", "-c", "sleep 612 & wait"], { signal: abort.signal });
    const look = async (): Promise<string> =>
      (await runner.run(["sh", "-c", "grep -lszxF 612 /proc/[0-9]*/cmdline; :"])).stdout.toString();
    while (!(await look()).includes("cmdline"));
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: "COMMAND_ABORTED" });
    expect(await look()).toBe("");
  });

  it("a machine that dies under a program is no exit code", async () => {
    const machine = new Machine();
    await machine.backend.create();
    const running = machine.runner.run(["sh", "-c", "echo up >~/up; sleep 600"]);
    running.catch(() => undefined);
    await machine.runner.run(["sh", "-c", "until [ -s ~/up ]; do sleep 0.05; done"]);
    machine.kill("vm");
    await expect(running).rejects.toMatchObject({ code: "BOX_STOPPED" });
  });
});
