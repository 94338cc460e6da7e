import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeEach, describe, expect, it } from "vitest";

import { intake } from "../../packages/sandbox/src/intake/index.js";
import { LandError, type LandRequest } from "../../packages/sandbox/src/land-types.js";
import { land } from "../../packages/sandbox/src/land.js";
import { bundle, makeScene, request, SESSION, type Scene } from "./attacks/fixture.js";

// SECURITY, step 9: the branch moves, and nothing that the guest wrote runs.

let scene: Scene;
let owned: string;

beforeEach(async () => {
  scene = await makeScene();
  owned = join(scene.dir, "owned");
});

/** A program that leaves a mark when it runs. */
function evil(): string {
  return `#!/bin/sh\necho "$0" >> ${owned}\n`;
}

async function pull(more: Partial<LandRequest> = {}): Promise<string> {
  const allow = ["hook-path", "gitmodules", "gitlink", "setup-script", "agent-config"];
  const { tip } = await intake(request(scene, bundle(scene), { allow }));
  const { repo, base } = scene;
  const common = { repo, sessionId: SESSION, branch: "main", base, tip: tip ?? "" } as const;
  return (await land({ ...common, strategy: "ff", ...more })).after;
}

async function expectKept(
  code: string,
  files: readonly string[],
  more: Partial<LandRequest> = {},
): Promise<void> {
  const state = worktreeState();
  const error: unknown = await pull(more).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LandError);
  expect(error).toMatchObject({ code, files });
  for (const file of files) expect((error as LandError).message).toContain(file);
  expect(worktreeState()).toBe(state);
  expect(scene.host.rev("main")).toBe(scene.base);
}

/** Files, index and branches, without the session's own refs. */
function worktreeState(): string {
  const { host } = scene;
  const refs = host.git("for-each-ref", "refs/heads", "refs/tags");
  return [
    refs,
    host.git("status", "--porcelain", "--ignored"),
    host.git("ls-files", "-s"),
    host.git("stash", "list"),
  ].join("\n");
}

describe("programs that a checkout or merge could start", () => {
  it("hooks that the guest wrote into the host's core.hooksPath do not run", async () => {
    scene.host.git("config", "core.hooksPath", ".husky");
    const { guest } = scene;
    const hooks = [
      "post-merge",
      "post-checkout",
      "reference-transaction",
      "pre-merge-commit",
      "post-rewrite",
      "post-index-change",
    ];
    guest.write(Object.fromEntries(hooks.map((name) => [`.husky/${name}`, evil()])));
    guest.git("add", "-A");
    guest.git("update-index", "--chmod=+x", ...hooks.map((name) => `.husky/${name}`));
    guest.git("commit", "-q", "-m", "hooks");
    const tip = guest.rev("HEAD");
    expect(await pull()).toBe(tip);
    expect(scene.host.rev("HEAD")).toBe(tip);
    expect(existsSync(owned)).toBe(false);
  });

  it.each(["ff", "merge", "rebase", "squash"] as const)(
    "the host's own hooks, monitor, signer and diff do not run: %s",
    async (strategy) => {
      const { host, guest, dir } = scene;
      host.git("branch", "other", "main");
      const program = join(dir, "evil.sh");
      writeFileSync(program, evil(), { mode: 0o755 });
      for (const name of [
        "post-merge",
        "post-checkout",
        "reference-transaction",
        "post-rewrite",
        "commit-msg",
        "pre-commit",
        "prepare-commit-msg",
        "post-commit",
        "pre-rebase",
      ]) {
        writeFileSync(host.path(".git/hooks", name), evil(), { mode: 0o755 });
      }
      for (const key of [
        "core.fsmonitor",
        "diff.external",
        "gpg.program",
        "core.editor",
        "sequence.editor",
        "core.pager",
        "core.askPass",
        "core.sshCommand",
      ]) {
        host.git("config", key, program);
      }
      for (const key of [
        "commit.gpgSign",
        "merge.verifySignatures",
        "submodule.recurse",
        "rebase.updateRefs",
        "merge.autoStash",
        "rebase.autoStash",
        "log.showSignature",
      ]) {
        host.git("config", key, "true");
      }
      guest.commit({ "src/a.txt": "changed\n", "new.txt": "new\n" });
      const after = await pull({ strategy });
      expect(existsSync(owned) ? readFileSync(owned, "utf8") : "").toBe("");
      expect(
        host.gitWith(
          {},
          "-c",
          "core.hooksPath=/dev/null",
          "-c",
          "core.fsmonitor=false",
          "show",
          "--no-ext-diff",
          `${after}:new.txt`,
        ),
      ).toBe("new");
      expect(readFileSync(host.path("src/a.txt"), "utf8")).toBe("changed\n");
      expect(host.gitWith({}, "-c", "core.hooksPath=/dev/null", "rev-parse", "other")).toBe(
        scene.base,
      );
    },
  );

  it("a submodule is not cloned", async () => {
    const { guest, host } = scene;
    host.git("config", "submodule.recurse", "true");
    guest.write({
      ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch owned"\n',
    });
    guest.git("add", "-A");
    guest.git("update-index", "--add", "--cacheinfo", `160000,${scene.base},x`);
    guest.git("commit", "-q", "-m", "submodule");
    await pull();
    expect(existsSync(host.path(".git/modules"))).toBe(false);
    expect(existsSync(owned)).toBe(false);
  });

  it("LFS downloads nothing", async () => {
    scene.host.git(
      "config",
      "filter.lfs.smudge",
      `printf '%s' "\${GIT_LFS_SKIP_SMUDGE-unset}" > ${owned}; cat`,
    );
    scene.host.git("config", "filter.lfs.clean", "cat");
    scene.guest.commit({ ".gitattributes": "*.bin filter=lfs\n", "x.bin": "pointer\n" });
    await pull();
    expect(readFileSync(owned, "utf8")).toBe("1");
  });

  it("a fetch into a branch that no worktree has runs nothing either", async () => {
    const { host, guest, dir } = scene;
    const program = join(dir, "evil.sh");
    writeFileSync(program, evil(), { mode: 0o755 });
    host.git("checkout", "-q", "private");
    host.git("config", "core.hooksPath", dir);
    writeFileSync(join(dir, "reference-transaction"), evil(), { mode: 0o755 });
    for (const key of [
      "uploadpack.packObjectsHook",
      "core.alternateRefsCommand",
      "core.sshCommand",
    ])
      host.git("-c", "core.hooksPath=/dev/null", "config", key, program);
    for (const [key, value] of [
      ["protocol.version", "0"],
      ["protocol.file.allow", "never"],
      ["fetch.prune", "true"],
      ["fetch.recurseSubmodules", "true"],
    ] as const)
      host.git("config", key, value);
    guest.commit({ "new.txt": "new\n" });
    const after = await pull();
    host.git("config", "core.hooksPath", "/dev/null");
    expect(existsSync(owned)).toBe(false);
    expect(host.rev("main")).toBe(after);
    expect(host.rev("HEAD")).toBe(scene.privateCommit);
    expect(existsSync(host.path("new.txt"))).toBe(false);
    expect(existsSync(host.path(".git/FETCH_HEAD"))).toBe(false);
  });
});

describe("files of the person", () => {
  it("modified, untracked and ignored ones that the result touches are named and kept", async () => {
    const { host, guest } = scene;
    guest.commit({ "src/a.txt": "guest\n" });
    host.write({ "src/a.txt": "mine\n" });
    await expectKept("WORKTREE_DIRTY", ["src/a.txt"]);
    host.git("checkout", "-q", "src/a.txt");

    guest.commit({ "notes.txt": "guest\n" });
    host.write({ "notes.txt": "mine\n" });
    await expectKept("WORKTREE_DIRTY", ["notes.txt"]);
    expect(readFileSync(host.path("notes.txt"), "utf8")).toBe("mine\n");
    host.write({ "notes.txt": null });

    guest.write({ ".env": "guest\n" });
    guest.git("add", "-f", ".env");
    guest.git("commit", "-q", "-m", "env");
    host.write({ ".env": "SECRET=1\n" });
    await expectKept("WORKTREE_DIRTY", [".env"]);
    expect(readFileSync(host.path(".env"), "utf8")).toBe("SECRET=1\n");
  });

  it("an ignored folder is not replaced by a file", async () => {
    scene.host.write({ "out/build.log": "mine\n" });
    scene.guest.write({ out: "guest\n" });
    scene.guest.git("add", "-f", "out");
    scene.guest.git("commit", "-q", "-m", "out");
    const error: unknown = await pull().catch((thrown: unknown) => thrown);
    expect(readFileSync(scene.host.path("out/build.log"), "utf8")).toBe("mine\n");
    expect(error).toMatchObject({ code: "WORKTREE_DIRTY" });
    expect(scene.host.rev("main")).toBe(scene.base);
  });

  it("nothing is written through a link that lies in the worktree", async () => {
    const outside = join(scene.dir, "outside");
    mkdirSync(outside);
    symlinkSync(outside, scene.host.path("linked"));
    scene.guest.commit({ "linked/file.txt": "guest\n" });
    await expect(pull()).rejects.toMatchObject({ code: "WORKTREE_DIRTY" });
    expect(existsSync(join(outside, "file.txt"))).toBe(false);
  });

  it("that the index was told to assume unchanged are kept", async () => {
    scene.host.git("update-index", "--assume-unchanged", "src/a.txt");
    scene.host.write({ "src/a.txt": "mine\n" });
    scene.guest.commit({ "src/a.txt": "guest\n" });
    await expect(pull()).rejects.toMatchObject({ code: "WORKTREE_DIRTY" });
    expect(readFileSync(scene.host.path("src/a.txt"), "utf8")).toBe("mine\n");
  });

  it("that the result does not touch do not matter, dirty as they are", async () => {
    const { host, guest } = scene;
    host.write({ "src/b.txt": "mine\n", "untracked.txt": "mine\n", ".env": "SECRET=1\n" });
    host.write({ "staged.txt": "mine\n" });
    host.git("add", "staged.txt");
    const tip = guest.commit({ "src/a.txt": "guest\n" });
    expect(await pull()).toBe(tip);
    expect(host.git("status", "--porcelain").split("\n")).toEqual([
      " M src/b.txt",
      "A  staged.txt",
      "?? untracked.txt",
    ]);
    expect(readFileSync(host.path("src/b.txt"), "utf8")).toBe("mine\n");
  });

  it("with names that would fool a terminal are named without that", async () => {
    const name = "evil\u001b]0;owned\u0007.txt";
    scene.guest.commit({ [name]: "guest\n" });
    scene.host.write({ [name]: "mine\n" });
    const error: unknown = await pull().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "WORKTREE_DIRTY" });
    expect((error as LandError).message).toContain("evil");
    expect((error as LandError).message).not.toMatch(/[\u0007\u001b]/);
  });
});

describe("text of the guest in commits that the person makes", () => {
  it("is stripped in a squash's list of subjects", async () => {
    scene.guest.commit({ "x.txt": "x\n" }, "work\u001b]0;owned\u0007 done\u202e");
    const after = await pull({ strategy: "squash", planTitle: "The plan\u001b[31m" });
    expect(scene.host.git("show", "-s", "--format=%B", after)).toBe(
      `The plan\n\n- work done\n\nSession: ${SESSION}`,
    );
  });
});
