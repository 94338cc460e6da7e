import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { createInputBundle, Repo, type InputBundle, type InputBundleOptions } from "@cco/git";
import { beforeAll, describe, expect, it } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";

const HISTORY = 12;

/** `HISTORY` steps on main with a merge of a side branch at every third. */
function busyHistory(repo: TestRepo): void {
  for (let step = 0; step < HISTORY; step += 1) {
    repo.commit({ [`dir/${String(step % 4)}.txt`]: `step ${String(step)}\n` }, `s${String(step)}`);
    if (step % 3 !== 2) continue;
    repo.git("checkout", "-q", "-b", `side${String(step)}`, "HEAD~2");
    repo.commit({ [`side${String(step)}`]: "side\n" });
    repo.git("checkout", "-q", "main");
    repo.git("merge", "-q", "--no-edit", `side${String(step)}`);
  }
}

type Wish = Partial<Omit<InputBundleOptions, "file">>;

async function bundle(
  test: TestRepo,
  wish: Wish = {},
): Promise<InputBundle & { readonly file: string }> {
  const repo = await Repo.open(new ExecaRunner({ env: test.env }), test.dir);
  const file = join(makeTempDir(), "input.bundle");
  const tip = wish.tip ?? test.rev("HEAD");
  const made = await createInputBundle(repo, {
    branch: "main",
    depth: "full",
    ...wish,
    tip,
    file,
  });
  return { ...made, file };
}

/** What a guest does with a bundle. */
function receive(made: InputBundle & { readonly file: string }, branch = "main"): TestRepo {
  const guest = TestRepo.init({ initArgs: [`--object-format=${made.objectFormat}`] });
  fetchInto(guest, made, branch);
  guest.git("checkout", "-q", "-f", "-B", branch, "FETCH_HEAD");
  return guest;
}

function fetchInto(guest: TestRepo, made: InputBundle & { file: string }, branch = "main"): void {
  const before = guest.tryGit({}, "rev-parse", "--is-shallow-repository").stdout.trim() === "true";
  const known = before ? guest.git("rev-list", "--all", "--max-parents=0").split("\n") : [];
  if (made.shallow.length > 0) {
    const all = [...new Set([...known, ...made.shallow])];
    writeFileSync(guest.path(".git/shallow"), `${all.join("\n")}\n`);
  }
  guest.git("bundle", "verify", "-q", made.file);
  guest.git("fetch", "-q", made.file, `refs/heads/${branch}`);
  expect(guest.gitWith({}, "fsck", "--full", "--strict", "--no-dangling")).toBe("");
}

function shallowOf(repo: TestRepo): string[] {
  return repo.git("rev-list", "--max-parents=0", "--all").split("\n");
}

function canMount(): boolean {
  const dir = makeTempDir();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", dir]).status === 0;
  if (mounted) execFileSync("umount", [dir]);
  return mounted;
}

describe("a history with merges", () => {
  let host: TestRepo;

  beforeAll(() => {
    host = TestRepo.withCommit();
    busyHistory(host);
  });

  it.each([...Array.from({ length: HISTORY + 6 }, (_, n) => n + 1), 1000, "full"] as const)(
    "arrives whole and clean with depth %s",
    async (depth) => {
      const made = await bundle(host, { depth });
      const guest = receive(made);

      expect(guest.rev("HEAD")).toBe(host.rev("HEAD"));
      expect(guest.git("ls-tree", "-r", "HEAD")).toBe(host.git("ls-tree", "-r", "HEAD"));
      const total = Number(host.git("rev-list", "--count", "HEAD"));
      const sent = Number(guest.git("rev-list", "--count", "HEAD"));
      expect(sent).toBeGreaterThanOrEqual(Math.min(total, depth === "full" ? total : depth));
      if (depth === "full" || depth >= total) expect(made.shallow).toEqual([]);
      else expect(made.shallow.length).toBeGreaterThan(0);
      expect(statSync(made.file)).toMatchObject({ size: made.size });
      expect(statSync(made.file).mode & 0o777).toBe(0o600);
    },
  );

  it("is named by branch and HEAD, whatever the commit's own branch", async () => {
    const tip = host.rev("HEAD~1");
    const made = await bundle(host, { tip, branch: "feat/ü-1", depth: 2 });
    expect(host.git("bundle", "list-heads", made.file).split("\n")).toEqual([
      `${tip} refs/heads/feat/ü-1`,
      `${tip} HEAD`,
    ]);
    expect(receive(made, "feat/ü-1").rev("HEAD")).toBe(tip);
  });

  it("leaves nothing beside the bundle", async () => {
    const made = await bundle(host, { depth: 3 });
    expect(readdirSync(join(made.file, ".."))).toEqual(["input.bundle"]);
  });

  it("brings back onto the host what a shallow guest committed, as new objects only", async () => {
    const guest = receive(await bundle(host, { depth: 3 }));
    const tip = guest.commit({ "new.txt": "new\n" });
    const out = join(makeTempDir(), "out.bundle");
    guest.git("bundle", "create", "-q", out, "HEAD", `^${host.rev("HEAD")}`);

    expect(statSync(out).size).toBeLessThan(2000);
    const copy = new TestRepo(makeTempDir(), host.env);
    copy.git("clone", "-q", `file://${host.dir}`, ".");
    copy.git("fetch", "-q", out, "HEAD");
    expect(copy.rev("FETCH_HEAD")).toBe(tip);
  });
});

describe("a guest that has something already", () => {
  it("gets the new commits only", async () => {
    const host = TestRepo.withCommit();
    busyHistory(host);
    host.commit({ big: randomBytes(50_000) });
    const first = await bundle(host, { depth: 5 });
    const guest = receive(first);
    const have = [guest.rev("HEAD"), "0".repeat(40), "not an id", "--all"];

    host.commit({ "dir/1.txt": "later\n" });
    const second = await bundle(host, { depth: 5, have, haveShallow: shallowOf(guest) });
    expect(second.size).toBeLessThan(2000);
    expect(first.size).toBeGreaterThan(50_000);
    fetchInto(guest, second);
    expect(guest.rev("FETCH_HEAD")).toBe(host.rev("HEAD"));
  });

  it("gets no bundle when there is nothing new", async () => {
    const host = TestRepo.withCommit();
    const made = await bundle(host, { have: [host.rev("HEAD")] });
    expect(made).toMatchObject({ size: 0, shallow: [] });
    expect(existsSync(made.file)).toBe(false);
  });

  it("gets the old commits too that its own boundary hides from it", async () => {
    const host = TestRepo.withCommit();
    busyHistory(host);
    const guest = receive(await bundle(host, { depth: 2 }));
    const [have, haveShallow] = [[guest.rev("HEAD")], shallowOf(guest)];

    host.git("checkout", "-q", "-b", "from-old", "HEAD~8");
    host.commit({ old: "old\n" });
    host.git("checkout", "-q", "main");
    host.git("merge", "-q", "--no-edit", "from-old");
    for (const depth of [1, 2, 3, 5, 9, "full"] as const) {
      const copy = new TestRepo(makeTempDir(), guest.env);
      copy.git("clone", "-q", `file://${guest.dir}`, ".");
      const made = await bundle(host, { depth, have, haveShallow });
      fetchInto(copy, made);
      expect(copy.rev("FETCH_HEAD")).toBe(host.rev("HEAD"));
    }
  });

  it("gets a cut history when more is new than the depth", async () => {
    const host = TestRepo.withCommit();
    const guest = receive(await bundle(host));
    for (let step = 0; step < 6; step += 1) host.commit({ [String(step)]: "x" });
    const made = await bundle(host, { depth: 2, have: [guest.rev("HEAD")] });
    expect(made.shallow).toEqual([host.rev("HEAD~2")]);
    fetchInto(guest, made);
    expect(guest.rev("FETCH_HEAD")).toBe(host.rev("HEAD"));
  });
});

describe("an odd repository", () => {
  it.each([1, 2, 3, "full"] as const)("sends a shallow one (depth %s)", async (depth) => {
    const origin = TestRepo.withCommit();
    busyHistory(origin);
    const host = new TestRepo(makeTempDir(), origin.env);
    host.git("clone", "-q", "--depth=4", `file://${origin.dir}`, ".");
    const made = await bundle(host, { depth });
    expect(made.shallow.length).toBeGreaterThan(0);
    expect(receive(made).rev("HEAD")).toBe(host.rev("HEAD"));
  });

  it("fetches what a partial clone lacks, and says so when it cannot", async () => {
    const origin = TestRepo.withCommit();
    origin.git("config", "uploadpack.allowFilter", "true");
    origin.commit({ "README.md": "# changed\n" });
    const host = new TestRepo(makeTempDir(), origin.env);
    host.git("clone", "-q", "--filter=blob:none", "--no-checkout", `file://${origin.dir}`, ".");
    const lone = new TestRepo(makeTempDir(), origin.env);
    lone.git("clone", "-q", "--filter=blob:none", "--no-checkout", `file://${origin.dir}`, ".");
    lone.git("remote", "set-url", "origin", `file://${lone.dir}/gone`);

    expect(receive(await bundle(host, { depth: 2 })).rev("HEAD")).toBe(origin.rev("HEAD"));
    await expect(bundle(lone, { depth: 2 })).rejects.toMatchObject({ code: "GIT_FAILED" });
  });

  it("leaves a submodule's commits where they are", async () => {
    const [host, other] = [TestRepo.withCommit(), TestRepo.withCommit()];
    host.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", other.dir, "sub");
    host.commit();
    const guest = receive(await bundle(host, { depth: 2 }));
    expect(guest.git("ls-tree", "HEAD", "sub")).toMatch(/^160000 commit /);
  });

  it("sends a SHA-256 one", async () => {
    const host = TestRepo.withCommit({ initArgs: ["--object-format=sha256"] });
    busyHistory(host);
    const made = await bundle(host, { depth: 3 });
    expect(made.objectFormat).toBe("sha256");
    expect(receive(made).rev("HEAD")).toBe(host.rev("HEAD"));
  });

  it("ignores replaced commits and grafts", async () => {
    const host = TestRepo.withCommit();
    busyHistory(host);
    host.git("replace", "--graft", "HEAD~1");
    writeFileSync(host.path(".git/info/grafts"), `${host.rev("HEAD~1")}\n`);
    const made = await bundle(host, { depth: "full" });
    const guest = receive(made);
    host.git("replace", "-d", host.rev("HEAD~1"));
    writeFileSync(host.path(".git/info/grafts"), "");
    expect(guest.git("rev-list", "HEAD")).toBe(host.git("rev-list", "HEAD"));
  });

  it("sends a commit with an empty tree", async () => {
    const host = TestRepo.init();
    host.commit({}, "empty");
    const guest = receive(await bundle(host, { depth: 2 }));
    expect(guest.git("ls-tree", "HEAD")).toBe("");
  });

  it("takes the repository's settings for packing without breaking", async () => {
    const host = TestRepo.withCommit();
    busyHistory(host);
    host.git("config", "pack.packSizeLimit", "1k");
    host.git("config", "core.bigFileThreshold", "1");
    host.git("config", "pack.writeBitmaps", "true");
    host.git("repack", "-q", "-a", "-d", "-b");
    for (const depth of [3, "full"] as const) {
      expect(receive(await bundle(host, { depth })).rev("HEAD")).toBe(host.rev("HEAD"));
    }
  });
});

describe("what fails", () => {
  it("leaves no file: an unknown tip, a branch that is no name", async () => {
    const host = TestRepo.withCommit();
    const repo = await Repo.open(new ExecaRunner({ env: host.env }), host.dir);
    const dir = makeTempDir();
    const wish = { depth: 2, branch: "main", file: join(dir, "x") };
    await expect(createInputBundle(repo, { ...wish, tip: "1".repeat(40) })).rejects.toMatchObject({
      code: "GIT_FAILED",
    });
    await expect(
      createInputBundle(repo, { ...wish, tip: host.rev("HEAD"), branch: "a\nb" }),
    ).rejects.toThrow("not a ref name");
    expect(readdirSync(dir)).toEqual([]);
  });

  // A full disk needs a file system of its own, and mounting one needs root.
  it.skipIf(!canMount())("says that the disk is full", async () => {
    const host = TestRepo.withCommit();
    host.commit({ big: randomBytes(1_000_000) });
    const repo = await Repo.open(new ExecaRunner({ env: host.env }), host.dir);
    const dir = makeTempDir();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", dir]);
    try {
      const wish = { tip: host.rev("HEAD"), depth: "full", branch: "main" } as const;
      const failure = createInputBundle(repo, { ...wish, file: join(dir, "x") });
      await expect(failure).rejects.toThrow(/^cannot write .*\/x: ENOSPC/);
      expect(readdirSync(dir)).toEqual([]);
    } finally {
      execFileSync("umount", [dir]);
    }
  });

  it("can be interrupted", async () => {
    const host = TestRepo.withCommit();
    const repo = await Repo.open(new ExecaRunner({ env: host.env }), host.dir);
    const dir = makeTempDir();
    const wish = { tip: host.rev("HEAD"), depth: "full", branch: "main" } as const;
    const signal = AbortSignal.abort();
    await expect(
      createInputBundle(repo, { ...wish, file: join(dir, "x"), signal }),
    ).rejects.toMatchObject({ code: "COMMAND_ABORTED" });
    expect(readdirSync(dir)).toEqual([]);
  });
});
