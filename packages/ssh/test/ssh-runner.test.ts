import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";

import { ExecaRunner } from "@cco/exec";
import { SshRunner } from "@cco/ssh";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { sshdUnavailable, TestSshd, type SshdOptions } from "../../../test/support/sshd.js";
import { waitFor } from "../../../test/support/wait-for.js";

interface Machine {
  readonly sshd: TestSshd;
  readonly ssh: SshRunner;
}

const open: SshRunner[] = [];

afterAll(async () => {
  for (const ssh of open.splice(0)) await ssh.close();
});

async function machine(options: SshdOptions = {}): Promise<Machine> {
  const sshd = await TestSshd.start(options);
  return { sshd, ssh: runner(sshd) };
}

function runner(sshd: TestSshd, options: Partial<ConstructorParameters<typeof SshRunner>[0]> = {}) {
  const host = new ExecaRunner({ env: sshd.env });
  const ssh = new SshRunner({ host: sshd.host, runner: host, env: sshd.env, ...options });
  open.push(ssh);
  return ssh;
}

const AWKWARD = [
  ...["", " ", "two words", "line one\nline two", "\n", "ends in a newline\n", "\t", "'", '"'],
  ...[`it's "quoted" '"'"'`, "$(echo expanded)", "`echo expanded`", "$HOME", "\\", "\\\\", "\\n"],
  ...["ends in a backslash\\", ";", "&", "|", "<in", "*", "?", "[a-z]", "{a,b}", "~", "!!", "!x"],
  ...["#comment", "%s%d%%", "-n", "--", "NAME=value", "=ls", "@", "é 漢字", "👩‍💻", "\u0001\u007f\u001b[31m"],
  ...["x".repeat(5000), "'!\\\n".repeat(500)],
];

const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ["bash", ["bash"]],
  ["dash", ["dash"]],
  ["zsh", ["zsh"]],
  ["fish", ["fish"]],
  ["csh", ["bsd-csh"]],
  ["tcsh", ["tcsh"]],
  ["busybox sh", ["busybox", "sh"]],
];

describe.skipIf(sshdUnavailable !== null)(`a machine by ssh (${sshdUnavailable ?? "real sshd"})`, () => {
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
  ])("gives 128 + its number for %s, and nobody's word of it", async (signal, code) => {
    const result = await big.ssh.run(["sh", "-c", `kill -${signal} $$`]);
    expect(result).toMatchObject({ exitCode: code, stderr: "" });
  });
  
  it("shares one connection", async () => {
    await Promise.all(["a", "b", "c"].map((word) => big.ssh.run(["echo", word])));
    expect(big.sshd.connections()).toHaveLength(1);
  });

  describe.each(SHELLS)("the login shell %s", (name, shell) => {
    const missing = spawnSync(shell[0] ?? "", ["-c", "true"]).error !== undefined;
    it.skipIf(missing)("passes every argument byte for byte", async () => {
      const { ssh } = await machine({ shell });
      const result = await ssh.run(["sh", "-c", 'printf "%s\\0" "$@"', "sh", ...AWKWARD]);
      expect(result.stderr).toBe("");
      expect(result.stdout.toString().split("\0").slice(0, -1)).toEqual(AWKWARD);
      expect(await ssh.run(["sh", "-c", "exit 255"])).toMatchObject({ exitCode: 255 });
      const plain = ssh.hostArgv(["printf", "%s|", "two words", "$HOME", "it's"]);
      expect(plain).toContain(ssh.host);
    });
  });
});
