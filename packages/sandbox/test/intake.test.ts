import { mkdirSync, symlinkSync } from "node:fs";

import { beforeEach, describe, expect, it } from "vitest";

import {
  bundle,
  leftovers,
  makeScene,
  openRepo,
  request,
  SESSION,
  type Scene,
} from "../../../test/integration/attacks/fixture.js";
import { TestRepo } from "../../../test/support/repo.js";
import { intake } from "../src/intake/index.js";

const REF = `refs/cco/sessions/${SESSION}`;

let scene: Scene;

beforeEach(async () => {
  scene = await makeScene();
});

describe("intake of honest work", () => {
  it("takes plain commits and says what came", async () => {
    scene.guest.commit({ "src/a.txt": "aa\n" }, "one");
    const tip = scene.guest.commit({ "src/c.txt": "c\n" }, "two");
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toEqual({
      tip,
      commits: 2,
      rewritten: false,
      heads: [],
      aside: null,
      droppedTags: [],
      findings: [],
      refs: [REF],
    });
    expect(scene.host.rev(REF)).toBe(tip);
    expect(scene.host.git("fsck", "--connectivity-only")).toBe("");
    expect(leftovers(scene)).toEqual([]);
  });

  it("can be repeated, and goes on from a snapshot", async () => {
    const first = scene.guest.commit({ "x.txt": "1\n" });
    expect((await intake(request(scene, bundle(scene)))).refs).toEqual([REF]);
    expect(await intake(request(scene, bundle(scene)))).toMatchObject({ tip: first, refs: [] });
    const second = scene.guest.commit({ "x.txt": "2\n" });
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toMatchObject({ tip: second, commits: 2, refs: [REF] });
    expect(scene.host.rev(`${REF}@{1}`)).toBe(first);
    expect(leftovers(scene)).toEqual([]);
  });

  it("only looks when told so", async () => {
    const tip = scene.guest.commit({ ".husky/x": "x\n" });
    const report = await intake(request(scene, bundle(scene), { dryRun: true }));
    expect(report).toMatchObject({ tip, refs: [] });
    expect(report.findings).toEqual([
      expect.objectContaining({ rule: "hook-path", tier: "block" }),
    ]);
    expect(scene.host.tryGit({}, "cat-file", "-e", tip).exitCode).not.toBe(0);
    expect(leftovers(scene)).toEqual([]);
  });

  it("keeps and names an amended pushed commit", async () => {
    scene.guest.write({ "src/b.txt": "amended\n" });
    scene.guest.git("commit", "-q", "-a", "--amend", "-m", "second, better");
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toMatchObject({ rewritten: true, commits: 1, findings: [] });
    expect(scene.host.rev(REF)).toBe(scene.guest.rev("HEAD"));
  });

  it("takes a merge of a branch that began before the pushed commit", async () => {
    const { guest } = scene;
    guest.git("checkout", "-q", "-b", "side", "HEAD~1");
    guest.commit({ "side.txt": "s\n" }, "side");
    guest.git("checkout", "-q", "main");
    guest.git("merge", "-q", "--no-edit", "side");
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toMatchObject({ rewritten: false, commits: 2, heads: [], findings: [] });
  });

  it("says nothing about the host's own files that a merge shows again", async () => {
    scene = await makeScene({ files: { ".husky/pre-commit": "#!/bin/sh\n" } });
    const { guest } = scene;
    guest.git("checkout", "-q", "-b", "side", "HEAD~1");
    guest.commit({ "side.txt": "s\n" }, "side");
    guest.git("merge", "-q", "--no-edit", "main");
    guest.git("branch", "-f", "main", "side");
    expect((await intake(request(scene, bundle(scene)))).findings).toEqual([]);
  });

  it("keeps an orphan", async () => {
    scene.guest.git("checkout", "-q", "--orphan", "fresh");
    const tip = scene.guest.commit({ "only.txt": "x\n" }, "from nothing");
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toMatchObject({ tip, rewritten: true, commits: 1 });
  });

  it("keeps other branches under numbers, with their names", async () => {
    const { guest, host } = scene;
    guest.git("checkout", "-q", "-b", "idea/one");
    const one = guest.commit({ "one.txt": "1\n" });
    guest.git("checkout", "-q", "-b", "two", "main");
    const two = guest.commit({ "two.txt": "2\n" });
    guest.git("checkout", "-q", "main");
    const tip = guest.commit({ "main.txt": "m\n" });
    const report = await intake(request(scene, bundle(scene)));
    const prefix = `refs/cco/heads/${SESSION}`;
    expect(report).toMatchObject({ tip, commits: 1 });
    expect(report.heads).toEqual([
      { name: "idea/one", sha: one, ref: `${prefix}/1` },
      { name: "two", sha: two, ref: `${prefix}/2` },
    ]);
    expect(host.rev(`${prefix}/2`)).toBe(two);

    guest.git("checkout", "-q", "two");
    const later = guest.commit({ "two.txt": "22\n" });
    guest.git("branch", "-q", "-D", "idea/one");
    guest.git("checkout", "-q", "main");
    const again = await intake(request(scene, bundle(scene)));
    expect(again.heads).toEqual([{ name: "two", sha: later, ref: `${prefix}/2` }]);
    expect(host.rev(`${prefix}/1`)).toBe(one);
  });

  it("takes a bundle whose HEAD has nothing new", async () => {
    scene.guest.git("branch", "aside");
    scene.guest.git("checkout", "-q", "aside");
    const sha = scene.guest.commit({ "x.txt": "x\n" });
    scene.guest.git("checkout", "-q", "main");
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toMatchObject({ tip: null, commits: 0, rewritten: false });
    expect(report.heads).toEqual([expect.objectContaining({ name: "aside", sha })]);
    expect(report.refs).toEqual([`refs/cco/heads/${SESSION}/1`]);
  });

  it("reports a nested clone in salvage, and keeps the salvage", async () => {
    const { guest } = scene;
    const result = guest.commit({ "x.txt": "x\n" });
    await intake(request(scene, bundle(scene)));
    mkdirSync(guest.path("vendor"));
    const nested = TestRepo.withCommit({ dir: guest.path("vendor"), env: guest.env });
    guest.git("-c", "advice.addEmbeddedRepo=false", "add", "-A");
    guest.git("commit", "-q", "-m", "Uncommitted when the agent ended");
    const tip = guest.rev("HEAD");
    const file = bundle(scene, "HEAD");
    const report = await intake(request(scene, file, { kind: "salvage", known: [result] }));
    expect(report).toMatchObject({ tip, commits: 1, refs: [`refs/cco/salvage/${SESSION}`] });
    expect(report.findings).toEqual([
      expect.objectContaining({ rule: "gitlink", tier: "block", path: "vendor" }),
    ]);
    expect(nested.rev("HEAD")).toHaveLength(40);
  });
});

describe("unusual hosts", () => {
  it("a shallow one", async () => {
    const { dir, host } = scene;
    host.git("clone", "-q", "--depth", "1", `file://${host.dir}`, `${dir}/shallow`);
    const shallow = new TestRepo(`${dir}/shallow`, host.env);
    scene = { ...scene, host: shallow, repo: await openRepo(shallow) };
    const tip = scene.guest.commit({ "x.txt": "x\n" });
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toMatchObject({ tip, commits: 1, rewritten: false });
  });

  it("one with a graft that hides its history", async () => {
    scene.host.write({ ".git/info/grafts": `${scene.base}\n` });
    const tip = scene.guest.commit({ "x.txt": "x\n" });
    const report = await intake(request(scene, bundle(scene)));
    expect(report).toMatchObject({ tip, commits: 1, rewritten: false });
  });

  it("one whose objects lie elsewhere", async () => {
    const { dir, host } = scene;
    host.git("clone", "-q", "--shared", host.dir, `${dir}/shared "x"`);
    const shared = new TestRepo(`${dir}/shared "x"`, host.env);
    scene = { ...scene, host: shared, repo: await openRepo(shared) };
    const tip = scene.guest.commit({ "README.md": "# sample, changed\n" });
    expect(await intake(request(scene, bundle(scene)))).toMatchObject({ tip, commits: 1 });
  });

  it("one with SHA-256 ids", async () => {
    scene = await makeScene({ initArgs: ["--object-format=sha256"] });
    const tip = scene.guest.commit({ "README.md": "# sample, changed\n" });
    expect(tip).toHaveLength(64);
    expect(await intake(request(scene, bundle(scene)))).toMatchObject({ tip, commits: 1 });
    expect(scene.host.rev(REF)).toBe(tip);
  });
});

describe("hooks of the host that lie in the worktree", () => {
  const hookFindings = async (path: string): Promise<readonly (string | null)[]> => {
    scene.guest.commit({ [path]: "#!/bin/sh\n", "other/x": "x\n" });
    const report = await intake(request(scene, bundle(scene), { allow: ["hook-path"] }));
    return report.findings.flatMap(({ rule, path: found }) => (rule === "hook-path" ? found : []));
  };

  it("core.hooksPath through a link to the repository, not made yet", async () => {
    const { host, dir } = scene;
    symlinkSync(host.dir, `${dir}/alias`);
    host.git("config", "core.hooksPath", `${dir}/alias/tools/on commit`);
    expect(await hookFindings("tools/on commit/pre-commit")).toEqual([
      "tools/on commit/pre-commit",
    ]);
  });

  it("core.hooksPath through a link in the worktree", async () => {
    const { host } = scene;
    mkdirSync(host.path("tools/on-commit"), { recursive: true });
    symlinkSync("tools/on-commit", host.path("hooks-link"));
    host.git("config", "core.hooksPath", "hooks-link");
    expect(await hookFindings("tools/on-commit/pre-commit")).toEqual([
      "tools/on-commit/pre-commit",
    ]);
  });

  it("a hook in .git/hooks that is a link to a file that is there, and one that is not yet", async () => {
    const { host } = scene;
    host.write({ "src/check.sh": "#!/bin/sh\n", ".git/hooks/note": "" });
    symlinkSync("../../src/check.sh", host.path(".git/hooks/pre-commit"));
    expect(await hookFindings("src/check.sh")).toEqual(["src/check.sh"]);
    symlinkSync("../../src/later.sh", host.path(".git/hooks/pre-push"));
    expect(await hookFindings("src/later.sh")).toEqual(["src/check.sh", "src/later.sh"]);
  });
});

describe("an interrupted intake", () => {
  it("changes nothing, and the next one works", async () => {
    const tip = scene.guest.commit({ "x.txt": "x\n" });
    const signal = AbortSignal.abort();
    await expect(intake(request(scene, bundle(scene), { signal }))).rejects.toThrow();
    expect(leftovers(scene)).toEqual([]);
    expect(await intake(request(scene, bundle(scene)))).toMatchObject({ tip });
  });

  it("that died leaves what the next one removes", async () => {
    const { host } = scene;
    // No process has this id: it is above what Linux gives out.
    mkdirSync(host.path(`.git/objects/tmp_objdir-cco-${SESSION}-4194999-abcdef/objects`), {
      recursive: true,
    });
    mkdirSync(host.path(".git/objects/pack"), { recursive: true });
    host.write({ ".git/objects/pack/pack-00.keep": `cco ${SESSION} 4194999\n` });
    host.write({ ".git/objects/pack/pack-01.keep": "the person's own\n" });
    scene.guest.commit({ "x.txt": "x\n" });
    await intake(request(scene, bundle(scene)));
    expect(leftovers(scene)).toEqual(["pack-01.keep"]);
  });
});
