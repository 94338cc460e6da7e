import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";

import { traceRunner } from "@cco/exec";
import { beforeAll, describe, expect, it } from "vitest";

import { sshdUnavailable } from "../../../test/support/sshd.js";
import { waitFor } from "../../../test/support/wait-for.js";
import { machine, sshRunner, type Machine } from "./support.js";

const title = `a machine by ssh${sshdUnavailable === null ? "" : ` (${sshdUnavailable})`}`;

describe.skipIf(sshdUnavailable !== null)(title, () => {
  let big: Machine;
  beforeAll(async () => {
    big = await machine();
  });

  it.each([0, 3, 127, 254, 255])("gives exit code %i as it is", async (code) => {
    const result = await big.ssh.run(["sh", "-c", `echo out; echo err >&2; exit ${code}`]);
    expect(result).toMatchObject({ exitCode: code, signal: null, stderr: "err\n" });
    expect(result.stdout.toString()).toBe("out\n");
  });

  it.each([
    ["KILL", 137],
    ["TERM", 143],
  ])("gives 128 + its number for %s, and no shell's word of it", async (signal, code) => {
    const result = await big.ssh.run(["sh", "-c", `kill -${signal} $$`]);
    expect(result).toMatchObject({ exitCode: code, stderr: "" });
  });

  it("a program or a folder that is not there is no exit code", async () => {
    const missing = { code: "COMMAND_NOT_FOUND" };
    await expect(big.ssh.run(["cco-no-such-program"])).rejects.toMatchObject(missing);
    await expect(big.ssh.run(["true"], { cwd: "/no/such" })).rejects.toMatchObject(missing);
  });

  it("runs where and with what it is told; nothing of the caller's environment comes along", async () => {
    const env = { GIVEN: "it's\n$(x) é", HOME: undefined };
    const script = 'pwd -P; printf "%s|" "$GIVEN" "${HOME-none}"; env';
    const result = await big.ssh.run(["sh", "-c", script], { cwd: "/usr", env });
    const text = result.stdout.toString();
    expect(text).toMatch(/^\/usr\nit's\n\$\(x\) é\|none\|/);
    expect(text).not.toContain("GIT_AUTHOR_NAME");
    expect(text).not.toContain("SSH_AUTH_SOCK");
  });

  it("50 MB go both ways at once, byte for byte", async () => {
    const sent = createHash("sha256");
    const came = createHash("sha256");
    const block = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, i) => (i * 31 + 7) % 256));
    const stdin = Readable.from(
      (function* () {
        for (let index = 0; index < 800; index += 1) {
          block.writeUInt32BE(index);
          const piece = Buffer.from(block);
          sent.update(piece);
          yield piece;
        }
      })(),
    );
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        came.update(chunk);
        done();
      },
    });
    expect(await big.ssh.run(["cat"], { stdin, stdout })).toMatchObject({ exitCode: 0 });
    expect(stdout.writableFinished).toBe(true);
    expect(came.digest("hex")).toBe(sent.digest("hex"));
  });

  it("what start-up files of the login shell print is left out", async () => {
    const { sshd, ssh } = await machine();
    writeFileSync(join(sshd.home, ".bashrc"), "echo Welcome; echo 'stty: no tty' >&2\n");
    const stdout: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        stdout.push(chunk);
        done();
      },
    });
    const plain = await sshd.plain("true");
    expect([plain.stdout, plain.stderr]).toEqual(["Welcome\n", "stty: no tty\n"]);
    const collected = await ssh.run(["sh", "-c", "echo out; echo err >&2"]);
    expect([collected.stdout.toString(), collected.stderr]).toEqual(["out\n", "err\n"]);
    await ssh.run(["echo", "streamed"], { stdout: sink });
    expect(Buffer.concat(stdout).toString()).toBe("streamed\n");
  });

  it.each([
    ["a time limit", () => ({ timeoutMs: 1500 }), "COMMAND_TIMED_OUT"],
    ["an abort", () => ({ signal: AbortSignal.timeout(1500) }), "COMMAND_ABORTED"],
  ])("%s ends the program there, and all it started", async (_name, options, code) => {
    const script = "echo $$ >pid; sleep 600 & echo $! >child; wait";
    const cwd = big.sshd.home;
    const run = big.ssh.run(["sh", "-c", script], { cwd, ...options() });
    await expect(run).rejects.toMatchObject({ code });
    for (const name of ["pid", "child"]) {
      const pid = readFileSync(join(cwd, name), "utf8").trim();
      expect(existsSync(`/proc/${pid}`), name).toBe(false);
    }
  });

  it("does not collect more than it is told to", async () => {
    const run = big.ssh.run(["sh", "-c", "while :; do echo 0123456789; done"], {
      maxBuffer: 100_000,
    });
    await expect(run).rejects.toMatchObject({ code: "COMMAND_OUTPUT_TOO_LARGE" });
  });

  it("a source that breaks off is an error", async () => {
    const stdin = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000);
        throw new Error("the disk is gone");
      })(),
    );
    const run = big.ssh.run(["cat"], { stdin, stdout: "ignore" });
    await expect(run).rejects.toMatchObject({ code: "COMMAND_STREAM_FAILED" });
  });

  it("hostArgv does the same from a shell of this machine", async () => {
    const argv = [
      "sh",
      "-c",
      'printf "%s|" "$@"; exit 5',
      "sh",
      "it's",
      "two words",
      "$HOME",
      "é!",
    ];
    const ran = await big.sshd.caller(big.ssh.hostArgv(argv));
    expect(ran).toMatchObject({ exitCode: 5, stdout: "it's|two words|$HOME|é!|" });
    expect(big.ssh.hostArgv(["a"], { tty: true })).toContain("-t");
  });

  describe("connections", () => {
    it("are shared by commands and processes", async () => {
      const { sshd, ssh } = await machine();
      await Promise.all(["a", "b", "c"].map((word) => ssh.run(["echo", word])));
      await sshRunner(sshd).run(["true"]);
      expect(sshd.connections()).toHaveLength(1);
      const folder = join(sshd.env["XDG_RUNTIME_DIR"] ?? "", "cco-ssh");
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    });

    it("carry no more sessions than sshd takes: others are made, and what is over waits", async () => {
      const { sshd, ssh } = await machine();
      const numbers = Array.from({ length: 60 }, (_, index) => String(index));
      const results = await Promise.all(numbers.map((number) => ssh.run(["echo", number])));
      expect(results.map(({ stdout }) => stdout.toString().trim())).toEqual(numbers);
      expect(sshd.connections().length).toBeLessThanOrEqual(6);
    });

    it("full ones are passed by, and no byte of stdin is lost by it", async () => {
      const { sshd, ssh } = await machine({ config: ["MaxSessions 2"] });
      const held = [0, 1].map(async () =>
        ssh.run(["sh", "-c", 'until [ -e "$HOME/go" ]; do sleep 0.05; done']),
      );
      const result = await sshRunner(sshd).run(["cat"], {
        stdin: Readable.from([Buffer.from("all of it")]),
      });
      expect(result.stdout.toString()).toBe("all of it");
      writeFileSync(join(sshd.home, "go"), "");
      await Promise.all(held);
    });

    it.each([
      [
        "the shared connection was killed",
        (m: Machine) => m.sshd.masters().forEach((pid) => process.kill(pid, "SIGKILL")),
      ],
      ["the machine's end of it broke", (m: Machine) => m.sshd.breakConnections()],
    ])("are made anew where %s", async (_name, breakIt) => {
      const broken = await machine();
      await broken.ssh.run(["true"]);
      breakIt(broken);
      await waitFor(() => broken.sshd.connections().length === 0);
      expect((await broken.ssh.run(["echo", "again"])).stdout.toString()).toBe("again\n");
    });

    it("a program that runs when it breaks may go on there; it is CONNECTION_LOST, not an exit code", async () => {
      const { sshd, ssh } = await machine();
      const pid = join(sshd.home, "pid");
      const run = ssh.run(["sh", "-c", `echo $$ >'${pid}'; exec sleep 600`]);
      run.catch(() => undefined);
      await waitFor(() => existsSync(pid) && readFileSync(pid, "utf8").endsWith("\n"));
      sshd.breakConnections();
      await expect(run).rejects.toMatchObject({ code: "CONNECTION_LOST" });
      process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
    });

    it("each command is one call of ssh", async () => {
      const calls: (string | undefined)[] = [];
      const ssh = sshRunner(big.sshd, {
        through: (host) => traceRunner(host, ({ argv }) => calls.push(argv[0])),
      });
      await ssh.run(["true"]);
      await ssh.run(["true"]);
      // sh: the folder of the sockets is looked at once.
      expect(calls).toEqual(["sh", "ssh", "ssh"]);
    });

    it("the masters do not stay when they are closed", async () => {
      const { sshd, ssh } = await machine();
      await ssh.run(["true"]);
      expect(sshd.masters()).toHaveLength(1);
      await ssh.close();
      await waitFor(() => sshd.masters().length === 0);
    });

    it("a viewer's ssh that is killed ends nothing that left its session", async () => {
      const { sshd, ssh } = await machine();
      const file = join(sshd.home, "daemon");
      const script = `setsid sh -c 'echo $$ >"${file}"; exec sleep 600' </dev/null >/dev/null 2>&1 & read -r _`;
      const viewer = sshd.start(ssh.hostArgv(["sh", "-c", script], { tty: true }));
      await waitFor(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
      viewer.kill("SIGKILL");
      await once(viewer, "close");
      sshd.breakConnections();
      const daemon = Number(readFileSync(file, "utf8"));
      expect(process.kill(daemon, 0)).toBe(true);
      process.kill(daemon, "SIGKILL");
    });
  });
});
