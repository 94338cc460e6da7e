import { writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { screen, sh, startWaiting, type Harness } from "./harness.js";

export function isolationCases(harness: Harness): void {
  it("the caller's environment, from exec or in the terminal", async () => {
    const { callerSecret } = harness.subject;
    const guest = await harness.guest();
    const inherited = await sh(guest, "env; cat /proc/self/environ 2>/dev/null | tr '\\0' '\\n'");
    expect(inherited).not.toContain(callerSecret);
    await guest.terminal.start(["sh", "-c", "env >env"]);
    await guest.ended();
    const agents = await sh(guest, "cat env");
    expect(agents).not.toContain(callerSecret);
    expect(agents).toContain(`HOME=${guest.paths.home}\n`);
    expect(agents).toMatch(/^PATH=.*\/usr\/bin/m);
    expect(agents).toMatch(/^TERM=./m);
  });

  it("the caller's files", async () => {
    const { callerFile, tempDir, placeIsHost } = harness.subject;
    const guest = await harness.guest();
    expect((await guest.exec(["cat", callerFile])).exitCode).not.toBe(0);
    if (placeIsHost) expect((await guest.exec(["ls", tempDir])).exitCode).not.toBe(0);
  });

  it("anything in a new home, and it can write there", async () => {
    const guest = await harness.guest();
    expect(await sh(guest, "cd && ls -A && echo mine >mine && cat mine")).toBe("mine\n");
  });

  it("system folders to write to", async () => {
    const guest = await harness.guest();
    for (const path of [
      "/usr/cco",
      "/etc/cco",
      "/usr/bin/cco",
      "/cco",
      "/proc/sys/kernel/hostname",
    ]) {
      const result = await guest.exec(["sh", "-c", 'echo x >"$1"', "sh", path]);
      expect([path, result.exitCode === 0]).toEqual([path, false]);
    }
  });

  it("the other guest's files", async () => {
    const [one, other] = [await harness.guest(), await harness.guest()];
    const places = (guest: typeof one): string[] => [guest.paths.workspace, guest.paths.exchange];
    await sh(
      one,
      'echo secret >"$1/s"; echo secret >"$2/s"; echo secret >~/s; echo secret >/tmp/s',
      places(one),
    );
    for (const path of [...places(one), "/tmp", one.paths.home]) {
      expect((await other.exec(["cat", `${path}/s`])).exitCode).not.toBe(0);
    }
    expect(await sh(other, "ls -A . ~ /tmp")).not.toContain("secret");
  });

  it("the other guest's processes, or the host's", async ({ skip }) => {
    skip(!harness.promises.separatesProcesses, "not promised");
    const [one, other] = [await harness.guest(), await harness.guest()];
    await one.terminal.start(["sh", "-c", 'echo READY; "$@"; :', "sh", "sleep", "600.25"]);
    await screen(one, "READY");
    const seen = await sh(
      other,
      "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null; echo; done",
    );
    expect(seen).not.toContain("600.25");
    expect(seen).not.toContain("vitest");
    // Every process that it may signal: its own shell's only.
    await other.exec(["sh", "-c", "kill -KILL -1"]);
    expect(await one.state()).toMatchObject({ kind: "running" });
  });

  it("its own record of the end", async ({ skip }) => {
    skip(!harness.promises.terminalOutside, "not promised");
    const guest = await harness.guest();
    await startWaiting(guest);
    const writable =
      "find / -xdev -type f \\( -name ended -o -name started -o -name status -o -name session.json \\) -writable 2>/dev/null";
    expect(await sh(guest, `${writable} | grep -v '^/proc' || :`)).toBe("");
  });

  it("what lies beside a program it was given", async ({ skip }) => {
    const { placeIsHost, programsAreHosts = placeIsHost, tempDir } = harness.subject;
    skip(!programsAreHosts, "the programs are in another place");
    const folder = join(tempDir, "tool");
    mkdirSync(folder, { recursive: true });
    const tool = join(folder, "tool");
    writeFileSync(tool, "#!/bin/sh\necho works\n", { mode: 0o755 });
    writeFileSync(join(folder, "secret"), "secret\n");
    const guest = await harness.guest({ programs: [tool] });
    expect((await guest.exec([tool])).stdout.toString()).toBe("works\n");
    expect((await guest.exec(["cat", join(folder, "secret")])).exitCode).not.toBe(0);
    expect((await guest.exec(["sh", "-c", 'echo x >>"$1"', "sh", tool])).exitCode).not.toBe(0);
  });
}
