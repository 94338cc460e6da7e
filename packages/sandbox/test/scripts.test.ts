import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

import { ExecaRunner, type RunResult } from "@cco/exec";
import { createInputBundle, Repo } from "@cco/git";
import { describe, expect, test } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";
import { CollectParser } from "../src/collect-parser.js";
import { setupStream } from "../src/guest-files.js";

const script = (name: string): string =>
  readFileSync(new URL(`../src/${name}.sh`, import.meta.url), "utf8");

const SHELLS = [["sh"], ["dash"], ["busybox", "sh"], ["bash", "--posix"]].map((argv) => {
  const there = spawnSync(argv[0]!, [...argv.slice(1), "-c", "true"]).status === 0;
  return { argv, name: there ? argv.join(" ") : `${argv.join(" ")} (not installed)`, there };
});

type Edit = (text: string) => string;

interface RunGuest {
  readonly stdin?: Buffer;
  readonly prefix?: readonly string[];
  /** Changes the script before it is run. */
  readonly edit?: Edit | undefined;
}

class Guest {
  readonly host = TestRepo.withCommit();
  readonly dir = makeTempDir();
  readonly workspace = join(this.dir, "work space");
  readonly exchange = join(this.dir, "exchange");
  readonly home = join(this.dir, "home");
  readonly runner = new ExecaRunner({ env: { ...this.host.env, HOME: this.home } });
  readonly shell: readonly string[];

  /** @param shell what runs the scripts; given this guest where it depends on its folders. */
  constructor(shell: (guest: Guest) => readonly string[]) {
    this.shell = shell(this);
    for (const path of [this.workspace, this.exchange, this.home]) mkdirSync(path);
  }

  get work(): TestRepo {
    return new TestRepo(this.workspace, this.host.env);
  }

  async setUp(branch = "main"): Promise<RunResult> {
    const file = join(this.dir, "x.bundle");
    const repo = await Repo.open(this.runner, this.host.dir);
    const tip = this.host.rev("HEAD");
    const { shallow } = await createInputBundle(repo, { tip, branch, depth: 2, file });
    const home = [{ path: "a/b c", content: "in the home" }];
    const plan = Buffer.from("the plan\n");
    const stdin = await buffer(await setupStream({ bundleFile: file, shallow, plan, home }));
    const { workspace, exchange } = this;
    const args = [workspace, exchange, this.home, branch, "sha1", "A 'B'", "a@b", "my [plan].md"];
    return this.run("setup", [...args, "/my\\ \\[plan\\].md"], { stdin });
  }

  collect(mode: string, prefix: readonly string[] = [], edit?: Edit): Promise<RunResult> {
    const args = [mode, this.workspace, this.exchange, this.host.rev("HEAD")];
    return this.run("collect", args, { prefix, edit });
  }

  run(
    name: string,
    args: readonly string[],
    { stdin, prefix = [], edit = (text) => text }: RunGuest,
  ): Promise<RunResult> {
    const argv = [...prefix, ...this.shell, "-c", edit(script(name)), name, ...args];
    return this.runner.run(argv, {
      cwd: this.workspace,
      timeoutMs: 30_000,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }
}

/** The stream, read as the host reads it. */
async function read(result: RunResult): Promise<{ parser: CollectParser; folder: string }> {
  const folder = makeTempDir();
  const parser = new CollectParser(folder, 1e9, () => undefined);
  await pipeline(Readable.from([result.stdout]), parser);
  return { parser, folder };
}

describe.each(SHELLS)("under $name", ({ argv, there }) => {
  test.skipIf(!there)("setup makes the clone, collect bundles it twice at once", async () => {
    const guest = new Guest(() => argv);
    const setUp = await guest.setUp("odd/'br$anch");
    expect(setUp).toMatchObject({ exitCode: 0, stderr: "" });
    const { work } = guest;
    expect(work.git("symbolic-ref", "HEAD")).toBe("refs/heads/odd/'br$anch");
    expect(work.git("status", "--porcelain")).toBe("");
    expect(readFileSync(work.path("my [plan].md"), "utf8")).toBe("the plan\n");
    expect(readFileSync(join(guest.home, "a/b c"), "utf8")).toBe("in the home");
    expect(work.git("config", "user.name")).toBe("A 'B'");

    const head = work.commit({ a: "a" }, "work");
    work.write({ "b ü": "b" });
    const before = readdirSync(guest.exchange);
    const results = await Promise.all([
      guest.collect("stream"),
      guest.collect("stream"),
      guest.collect("store"),
    ]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    for (const result of results.slice(0, 2)) {
      const { parser, folder } = await read(result);
      expect(parser.complete).toBe(true);
      expect(parser.facts.get("head")).toBe(head);
      expect(parser.facts.get("salvage")).toBe("made");
      const { host } = guest;
      host.git("fetch", "-q", join(folder, "salvage.bundle"), "HEAD");
      expect(
        host.git("-c", "core.quotePath=false", "diff", "--name-only", head, "FETCH_HEAD"),
      ).toBe("b ü");
    }
    expect(readdirSync(guest.exchange).sort()).toEqual(
      [...before, "output.facts", "output.result.bundle", "output.salvage.bundle"].sort(),
    );
    expect(work.git("status", "--porcelain")).toBe('?? "b \\303\\274"');
  });

  test.skipIf(!there)(
    "a change in the second of the last commit, and an odd folder, are salvaged",
    async () => {
      const guest = new Guest(() => argv);
      await guest.setUp();
      const { work } = guest;
      work.git("config", "core.trustCtime", "false");
      const second = 1_700_000_000;
      const write = (content: string): void => {
        // In place: its inode stays.
        writeFileSync(work.path("a"), content);
        utimesSync(work.path("a"), second, second);
      };
      write("one\n");
      const head = work.commit({}, "one");
      utimesSync(work.path(".git/index"), second, second);
      write("two\n");
      TestRepo.withCommit({ dir: work.path("-odd"), env: work.env });

      const { folder } = await read(await guest.collect("stream"));
      const { host } = guest;
      host.git("fetch", "-q", join(folder, "result.bundle"), "HEAD");
      host.git("fetch", "-q", join(folder, "salvage.bundle"), "HEAD");
      expect(host.git("diff", "--name-only", head, "FETCH_HEAD")).toBe("-odd/README.md\na");
      expect(host.git("show", "FETCH_HEAD:a")).toBe("two");
    },
  );

  test.skipIf(!there)(
    "git that would wait for ever is given up, not taken for no work",
    async () => {
      const guest = new Guest(() => argv);
      await guest.setUp();
      guest.work.write({ left: "left" });
      rmSync(join(guest.workspace, ".git/HEAD"));
      expect(spawnSync("mkfifo", [join(guest.workspace, ".git/HEAD")]).status).toBe(0);
      const impatient = (text: string): string => text.replace("LOOK_SECONDS=60", "LOOK_SECONDS=1");
      for (const mode of ["stream", "facts", "store"]) {
        const { exitCode, stdout, stderr } = await guest.collect(mode, [], impatient);
        expect(exitCode, mode).toBe(70);
        expect(stderr).toContain("git gives no answer in the repository");
        expect(stdout.toString()).not.toContain("commits none");
      }
    },
  );

  test.skipIf(!there)("a runbook stops at the first block that fails, with its code", async () => {
    const guest = new Guest(() => argv);
    const blocks = join(guest.dir, "blocks");
    mkdirSync(blocks);
    writeFileSync(join(blocks, "0001.3.sh"), "echo one\nread x || echo 'no input'\n");
    writeFileSync(join(blocks, "0002.7.sh"), "echo two\nfalse\necho not this\n");
    writeFileSync(join(blocks, "0003.9.sh"), "echo nor this\n");
    const file = join(guest.dir, "run");
    writeFileSync(file, readFileSync(new URL("../src/agents/runbook.sh", import.meta.url)));
    const result = await guest.runner.run([...argv, file, "plan.md"], { cwd: guest.workspace });
    expect(result.exitCode).toBe(1);
    expect(result.stdout.toString()).toBe(`
== block 1 of 3 (plan.md line 3, sh)
| echo one
| read x || echo 'no input'
one
no input

== block 2 of 3 (plan.md line 7, sh)
| echo two
| false
| echo not this
two

== block 2 of 3 (line 7) failed with exit code 1
`);
  });
});

const bwrap = spawnSync("bwrap", ["--dev-bind", "/", "/", "true"]).status === 0;

test.skipIf(!bwrap)("a full disk in the guest: the commits still come", async () => {
  const guest = new Guest(() => ["sh"]);
  await guest.setUp();
  const noise = randomBytes(300_000);
  const head = guest.work.commit({ noise }, "noise");
  guest.work.write({ left: noise });
  // Small file systems where it works and where it would go next.
  const small = (path: string): string[] => ["--size", "65536", "--tmpfs", path];
  const prefix = ["bwrap", "--dev-bind", "/", "/", "--setenv", "TMPDIR", guest.home];
  const full = [...prefix, ...small(guest.exchange), ...small(guest.home), "--"];
  const { parser, folder } = await read(await guest.collect("stream", full));
  expect(parser.complete).toBe(true);
  expect(parser.facts.get("salvage")).toBe("failed");
  guest.host.git("fetch", "-q", join(folder, "result.bundle"), "HEAD");
  expect(guest.host.rev("FETCH_HEAD")).toBe(head);
});

test.skipIf(!bwrap)("a full disk at set-up says so", async () => {
  const small = ["bwrap", "--dev-bind", "/", "/", "--size", "65536", "--tmpfs"];
  const guest = new Guest(({ exchange }) => [...small, exchange, "--", "sh"]);
  guest.host.commit({ noise: randomBytes(300_000) }, "noise");
  const result = await guest.setUp();
  expect(result.exitCode).toBe(74);
  expect(result.stderr).toContain("No space left on device");
});
