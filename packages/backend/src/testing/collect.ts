import { mkdirSync, writeFileSync, createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import type { Guest } from "../port.js";

import { screen, sh, type Harness } from "./harness.js";

const PERSON = ["-c", "user.name=A Person", "-c", "user.email=person@example.test"];

export function collectCases(harness: Harness): void {
  const git = async (dir: string, ...args: string[]): Promise<string> => {
    const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
    const argv = ["git", "-C", dir, ...PERSON, ...args];
    const result = await harness.subject.host.run(argv, { env });
    expect([result.exitCode, result.stderr], argv.join(" ")).toEqual([0, expect.any(String)]);
    return result.stdout.toString().trim();
  };

  /** A repository of five commits, and a bundle of the last two with where it is cut. */
  async function host(name: string): Promise<{ dir: string; bundle: string; cut: string }> {
    const dir = join(harness.subject.tempDir, name);
    mkdirSync(dir);
    await git(dir, "init", "-q", "-b", "main");
    for (const n of [1, 2, 3, 4, 5]) {
      writeFileSync(join(dir, "file"), `${n}\n`);
      await git(dir, "add", "file");
      await git(dir, "commit", "-q", "-m", `commit ${n}`);
    }
    const cut = await git(dir, "rev-parse", "main~1");
    const bundle = join(harness.subject.tempDir, `${name}.bundle`);
    const shallow = join(harness.subject.tempDir, `${name}.shallow`);
    writeFileSync(shallow, `${cut}\n`);
    const made = await harness.subject.host.run(
      ["git", "-C", dir, "bundle", "create", "-q", bundle, "main"],
      { env: { GIT_SHALLOW_FILE: shallow } },
    );
    expect(made.exitCode).toBe(0);
    return { dir, bundle, cut };
  }

  /** What a push does in the guest: bundle in, a shallow clone of it. */
  async function clone(guest: Guest, bundle: string, cut: string): Promise<void> {
    await sh(guest, 'cat >"$1/in.bundle"', [guest.paths.exchange], {
      stdin: createReadStream(bundle),
    });
    const script = `
      git init -q -b main . && echo "$2" >.git/shallow &&
      git fetch -q "$1/in.bundle" main && git checkout -q -B main FETCH_HEAD &&
      git config user.name Agent && git config user.email agent@example.test`;
    await sh(guest, script, [guest.paths.exchange, cut]);
    expect(await sh(guest, "git log --format=%s; cat file")).toBe("commit 5\ncommit 4\n5\n");
  }

  /** What a pull does: new objects only, out through exec, fetched into the host's store. */
  async function bringBack(guest: Guest, dir: string): Promise<string> {
    const base = await git(dir, "rev-parse", "main");
    await sh(guest, 'git bundle create -q "$1/out.bundle" HEAD "^$2"', [
      guest.paths.exchange,
      base,
    ]);
    const out = join(harness.subject.tempDir, `${guest.id}.out`);
    const result = await guest.exec(["cat", `${guest.paths.exchange}/out.bundle`], {
      stdout: createWriteStream(out),
    });
    expect(result.exitCode).toBe(0);
    await git(dir, "bundle", "verify", "-q", out);
    await git(dir, "fetch", "-q", out, "HEAD:refs/result");
    return git(dir, "log", "--format=%s", "main..refs/result");
  }

  const WORK =
    'echo 6 >file && git commit -qam "commit 6" && echo 7 >file && git commit -qam "commit 7"';

  it("commits of an agent that ended, from a bundle cut short", async () => {
    const guest = await harness.guest();
    const { dir, bundle, cut } = await host("ended");
    await clone(guest, bundle, cut);
    await guest.terminal.start(["sh", "-c", WORK]);
    expect((await guest.ended()).exitCode).toBe(0);
    expect(await bringBack(guest, dir)).toBe("commit 7\ncommit 6");
  });

  it("commits so far, while the agent works", async () => {
    const guest = await harness.guest();
    const { dir, bundle, cut } = await host("working");
    await clone(guest, bundle, cut);
    await guest.terminal.start(["sh", "-c", `${WORK}; echo READY; sleep 600`]);
    await screen(guest, "READY");
    expect(await bringBack(guest, dir)).toBe("commit 7\ncommit 6");
    expect(await guest.state()).toMatchObject({ kind: "running" });
  });

  it("commits of a guest that died, by a fresh one over the same bytes", async ({ skip }) => {
    const { kill, backend } = harness.subject;
    const guest = await harness.guest();
    const { dir, bundle, cut } = await host("died");
    await clone(guest, bundle, cut);
    const leave = `${WORK}; echo 8 >file; echo READY; sleep 600`;
    await guest.terminal.start(["sh", "-c", leave]);
    await screen(guest, "READY");
    skip(kill === undefined, "nothing can end it from outside");
    await kill?.(guest.id);
    await guest.ended();
    const fresh = await backend.openGuest(guest.id);
    expect(await sh(fresh, "git status --porcelain")).toBe(" M file\n");
    expect(await bringBack(fresh, dir)).toBe("commit 7\ncommit 6");
  });
}
