import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";

import { SshRunner } from "@cco/ssh";
import { describe, expect, it } from "vitest";

import { sshdUnavailable } from "../../../test/support/sshd.js";
import { machine, sshRunner } from "./support.js";

describe.skipIf(sshdUnavailable !== null)(
  "where there is no connection, the error says why",
  () => {
    it("no such machine", async () => {
      const { sshd } = await machine();
      const run = sshRunner(sshd, { host: "me@no-such-machine.invalid" }).run(["true"]);
      await expect(run).rejects.toMatchObject({
        code: "SSH_HOST_UNKNOWN",
        message: expect.stringContaining("no such machine: me@no-such-machine.invalid") as string,
        hint: expect.stringContaining("~/.ssh/config") as string,
      });
    });

    it("nothing listens there", async () => {
      const { sshd, ssh } = await machine();
      sshd.stop();
      const hint = expect.stringContaining("ssh big true") as string;
      await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_REFUSED", hint });
      await sshd.listen();
      expect(await ssh.run(["true"])).toMatchObject({ exitCode: 0 });
    });

    it("it does not let us in", async () => {
      const { sshd, ssh } = await machine();
      writeFileSync(`${sshd.dir}/authorized_keys`, "");
      const hint = expect.stringContaining("ssh-copy-id big") as string;
      await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_AUTH_FAILED", hint });
    });

    it("its host key was never confirmed; nothing is asked", async () => {
      const { sshd, ssh } = await machine();
      writeFileSync(sshd.knownHosts, "");
      await expect(ssh.run(["true"])).rejects.toMatchObject({
        code: "SSH_HOST_KEY_UNKNOWN",
        hint: "connect once by hand and compare it: ssh big",
      });
    });

    it("its host key is another", async () => {
      const { sshd, ssh } = await machine();
      const other = readFileSync(`${sshd.dir}/user_key.pub`, "utf8");
      writeFileSync(sshd.knownHosts, `[127.0.0.1]:${sshd.port} ${other}`);
      const hint = expect.stringContaining("ssh-keygen -R") as string;
      await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_HOST_KEY_CHANGED", hint });
    });

    it("something listens and never says a word", async () => {
      const { sshd } = await machine();
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const { port } = silent.address() as { port: number };
      const ssh = sshRunner(sshd, { host: `ssh://127.0.0.1:${port}`, connectTimeout: 1 });
      await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_UNREACHABLE" });
      silent.close();
    });

    it("the configuration has an error", async () => {
      const { sshd, ssh } = await machine();
      writeFileSync(sshd.clientConfig, `NoSuchOption yes\n`);
      await expect(ssh.run(["true"])).rejects.toMatchObject({ code: "SSH_CONFIG_INVALID" });
    });

    it("a command that takes longer than looking may take", async () => {
      const { sshd } = await machine();
      const ssh = sshRunner(sshd, { limitMs: 2000 });
      await expect(ssh.run(["sleep", "600"])).rejects.toMatchObject({ code: "SSH_UNREACHABLE" });
      expect(await ssh.run(["sleep", "2.5"], { timeoutMs: 60_000 })).toMatchObject({ exitCode: 0 });
    });

    it.each(["", "-oProxyCommand=touch x", "a b", "a;b", "$(x)", "a\nb", "`x`", "a'b"])(
      "%j is no machine",
      (host) => {
        const error = expect.objectContaining({ code: "SSH_HOST_INVALID" }) as Error;
        expect(() => new SshRunner({ host })).toThrow(error);
      },
    );
  },
);
