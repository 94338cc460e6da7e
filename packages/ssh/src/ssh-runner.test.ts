import { PassThrough, Readable } from "node:stream";

import { RunError, type RunOptions } from "@cco/exec";
import { FakeRunner, type FakeReply } from "@cco/exec/testing";
import { describe, expect, it } from "vitest";

import { UNSHARED } from "./attempt.js";
import { SshRunner, type SshRunnerOptions } from "./ssh-runner.js";

/** No socket is ever in it: every connection has to be made. */
const ENV = { XDG_RUNTIME_DIR: "/no/such/folder" };

function machine(options: Partial<SshRunnerOptions> = {}) {
  const fake = new FakeRunner();
  return { fake, ssh: new SshRunner({ host: "me@big", runner: fake, env: ENV, ...options }) };
}

/** The command line of a call of ssh as the login shell decodes it. */
function sent(argv: readonly string[] = []): string {
  return (argv.at(-1) ?? "")
    .replaceAll("' '", "")
    .replaceAll(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** A program that ran: what it printed, and the report of its end. */
function ran(exitCode = 0, { stdout = "", stderr = "" }: FakeReply = {}) {
  return (argv: readonly string[]): FakeReply => {
    const { token, mark } = marks(argv);
    const text = typeof stdout === "string" ? stdout : "";
    return {
      exitCode,
      stdout: `Welcome!\n${mark}${text}`,
      stderr: `banner\n${mark}${stderr}${token} ${exitCode}\n`,
    };
  };
}

/** A program that began, and whose end nobody reported. */
const broken = (argv: readonly string[]): FakeReply => ({
  exitCode: 255,
  stderr: marks(argv).mark,
});

function marks(argv: readonly string[]): { token: string; mark: string } {
  const line = sent(argv);
  const token = /cco-[0-9a-f]{24}/.exec(line)?.[0];
  const mark = /printf (cco[0-9a-f]+);/.exec(line)?.[1];
  if (token === undefined || mark === undefined) throw new Error(`neither token nor mark: ${line}`);
  return { token, mark };
}

/** What each call was: `keep 0` and `new 0` for connections, `ssh 0` for a command on one. */
function order(fake: FakeRunner): readonly string[] {
  return fake.calls.map((argv) => {
    if (argv[0] === "ssh") return `ssh ${/-(\d)$/.exec(argv[argv.indexOf("-S") + 1] ?? "")?.[1]}`;
    return `${argv[4]} ${/-(\d)$/.exec(argv[6] ?? "")?.[1]}`;
  });
}

describe("a command", () => {
  it("finds or makes a connection once, then is one call of ssh", async () => {
    const { fake, ssh } = machine();
    fake.reply().reply().reply(ran()).reply(ran(3));
    await ssh.run(["true"]);
    expect((await ssh.run(["false"])).exitCode).toBe(3);
    expect(order(fake)).toEqual(["keep 0", "new 0", "ssh 0", "ssh 0"]);
    fake.assertDone();
  });

  it("is run with nothing forwarded, on a shared connection or not at all", async () => {
    const { fake, ssh } = machine();
    fake.reply().reply().reply(ran());
    await ssh.run(["true"]);
    const argv = fake.calls[2] ?? [];
    expect(argv.slice(0, -1)).toEqual([
      ...["ssh", "-T", "-a", "-x"],
      ...["-o", "LogLevel=ERROR", "-o", "ClearAllForwardings=yes"],
      ...["-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none"],
      ...["-S", expect.stringMatching(/^\/no\/such\/folder\/cco-ssh\/[0-9a-f]{12}-0$/)],
      ...["-o", "ControlMaster=no", "-o", `ProxyCommand=sh -c 'echo ${UNSHARED} >&2'`],
      ...["--", "me@big"],
    ]);
    expect(sent(argv)).toMatch(/-- true'$/);
  });

  it("a connection asks nothing, is known to be dead, and outlives the process", async () => {
    const { fake, ssh } = machine({ connectTimeout: 4 });
    fake.reply().reply().reply(ran());
    await ssh.run(["true"]);
    const [, made] = fake.runs;
    expect(made?.argv.slice(3)).toEqual([
      ...["connect", "new", "/no/such/folder/cco-ssh"],
      ...[expect.stringMatching(/^[0-9a-f]{12}-0$/), "me@big"],
      ...["-T", "-a", "-x", "-o", "LogLevel=ERROR", "-o", "ClearAllForwardings=yes"],
      ...["-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none"],
      ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=4"],
      ...["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"],
      ...["-o", "ControlPersist=600"],
    ]);
    expect(made?.options).toMatchObject({ env: { LC_ALL: "C" }, timeoutMs: 24_000 });
  });

  it("where a person is at the terminal, ssh may ask, and has the time", async () => {
    const { fake, ssh } = machine({ mayAsk: true });
    fake.reply().reply().reply(ran());
    await ssh.run(["true"]);
    expect(fake.calls[1]).toContain("BatchMode=no");
    expect(fake.runs[1]?.options.timeoutMs).toBeUndefined();
  });

  it.each([0, 1, 137, 255])(
    "exit code %i is the program's, with its output alone",
    async (code) => {
      const { fake, ssh } = machine();
      fake
        .reply()
        .reply()
        .reply(ran(code, { stdout: "out\n", stderr: "err\n" }));
      const result = await ssh.run(["x"]);
      expect({ ...result, stdout: result.stdout.toString() }).toEqual({
        exitCode: code,
        signal: null,
        stdout: "out\n",
        stderr: "err\n",
      });
    },
  );
});

describe("a connection that is gone", () => {
  const unshared = { exitCode: 255, stderr: `${UNSHARED}\n` };

  it("before the command began: it is made anew and the command is run, its stdin whole", async () => {
    const { fake, ssh } = machine();
    fake.reply().reply().reply(ran());
    await ssh.run(["true"]);
    fake.reply(unshared).reply().reply(ran());
    const stdin = Buffer.from("all of it");
    expect((await ssh.run(["cat"], { stdin })).exitCode).toBe(0);
    expect(order(fake).slice(3)).toEqual(["ssh 0", "new 0", "ssh 0"]);
    expect(fake.runs.at(-1)?.stdin).toEqual(stdin);
    fake.assertDone();
  });

  it("that takes no session more is passed by", async () => {
    const { fake, ssh } = machine();
    const refused = "mux_client_request_session: session request failed: Session open refused\n";
    fake
      .reply()
      .reply()
      .reply({ exitCode: 255, stderr: `${refused}${UNSHARED}\n` });
    fake.reply().reply(ran());
    await ssh.run(["true"]);
    expect(order(fake)).toEqual(["keep 0", "new 0", "ssh 0", "new 1", "ssh 1"]);
  });

  it("for good: after four attempts it is an error, and nothing was run", async () => {
    const { fake, ssh } = machine();
    fake.reply();
    for (let tries = 0; tries < 4; tries += 1) fake.reply().reply(unshared);
    await expect(ssh.run(["true"])).rejects.toMatchObject({ name: "SshError" });
    expect(order(fake)).toHaveLength(9);
    fake.assertDone();
  });

  it("after the command began: it is never run twice", async () => {
    const { fake, ssh } = machine();
    fake.reply().reply().reply(broken);
    await expect(ssh.run(["make", "it"])).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      argv: ["make", "it"],
      message: "make: the connection to me@big broke while it ran",
      hint: "what runs there goes on; run the same command again",
    });
    fake.assertDone();
  });
});

describe("a machine that cannot be reached", () => {
  it("runs nothing, and is tried anew by the next command", async () => {
    const { fake, ssh } = machine();
    const refused = { exitCode: 255, stderr: "ssh: connect to host big: Connection refused\n" };
    fake.reply().reply(refused);
    await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_REFUSED" });
    fake.reply().reply(ran());
    await ssh.run(["true"]);
    expect(order(fake)).toEqual(["keep 0", "new 0", "new 0", "ssh 0"]);
  });

  it("is given up after its limit", async () => {
    const { fake, ssh } = machine();
    const error = new RunError("COMMAND_TIMED_OUT", ["sh"], "sh: too long");
    fake.reply().reply({ error });
    await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_UNREACHABLE" });
  });

  it("a command that only looks gives up too, and ends what it began there", async () => {
    const { fake, ssh } = machine({ limitMs: 5_000 });
    const error = new RunError("COMMAND_TIMED_OUT", ["ssh"], "ssh: too long");
    fake.reply().reply().reply({ error }).reply(ran());
    await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_UNREACHABLE" });
    expect(fake.runs[2]?.options.timeoutMs).toBe(5_000);
    expect(sent(fake.calls[3])).toContain("kill -TERM");
  });
});

describe("what never reaches ssh", () => {
  it.each(["-oProxyCommand=x", "", "me big", "a;b", "$(id)", "a'b", "a\nb"])(
    "the host %j",
    (host) => {
      expect(() => machine({ host })).toThrow(
        expect.objectContaining({ code: "SSH_HOST_INVALID" }) as Error,
      );
    },
  );

  it("arguments longer than Linux takes", async () => {
    const { fake, ssh } = machine();
    await expect(ssh.run(["echo", "x".repeat(200_000)])).rejects.toMatchObject({
      code: "COMMAND_NOT_STARTED",
      message: "echo: its arguments are too long to be sent by ssh",
    });
    expect(fake.calls).toEqual([]);
  });
});

it("streams get what the program wrote, and are ended; a stdin stream is read once it began", async () => {
  const { fake, ssh } = machine();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const options: RunOptions = { stdout, stderr };
  fake
    .reply()
    .reply()
    .reply(ran(0, { stdout: "out", stderr: "err" }));
  const [, out, err] = await Promise.all([
    ssh.run(["x"], options),
    Readable.from(stdout).toArray(),
    Readable.from(stderr).toArray(),
  ]);
  expect([
    Buffer.concat(out as Buffer[]).toString(),
    Buffer.concat(err as Buffer[]).toString(),
  ]).toEqual(["out", "err"]);
});

it("hostArgv needs no connection of this process", () => {
  const { ssh, fake } = machine();
  const argv = ssh.hostArgv(["echo", "a b"], { tty: true });
  expect(argv.slice(0, 4)).toEqual(["ssh", "-t", "-e", "none"]);
  expect(argv.slice(-3)).toEqual(["--", "me@big", "exec echo 'a b'"]);
  expect(ssh.hostArgv(["true"])[1]).toBe("-T");
  expect(fake.calls).toEqual([]);
});
