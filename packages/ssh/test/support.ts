import { ExecaRunner, type CommandRunner } from "@cco/exec";
import { SshRunner, type SshRunnerOptions } from "@cco/ssh";
import { afterAll } from "vitest";

import { TestSshd, type SshdOptions } from "../../../test/support/sshd.js";

export interface Machine {
  readonly sshd: TestSshd;
  readonly ssh: SshRunner;
}

const open: SshRunner[] = [];

afterAll(async () => {
  for (const ssh of open.splice(0)) await ssh.close();
});

/** A machine with an sshd of its own. */
export async function machine(options: SshdOptions = {}): Promise<Machine> {
  const sshd = await TestSshd.start(options);
  return { sshd, ssh: sshRunner(sshd) };
}

/** A runner into it, as one process of the caller's has it. Its connections end with the file. */
export function sshRunner(
  sshd: TestSshd,
  options: Partial<SshRunnerOptions> & {
    readonly through?: (host: CommandRunner) => CommandRunner;
  } = {},
): SshRunner {
  const { through, ...rest } = options;
  const host = new ExecaRunner({ env: sshd.env });
  const runner = through === undefined ? host : through(host);
  const ssh = new SshRunner({ host: sshd.host, runner, env: sshd.env, ...rest });
  open.push(ssh);
  return ssh;
}
