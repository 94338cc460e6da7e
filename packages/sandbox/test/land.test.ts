import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeEach, describe, expect, it } from "vitest";

import {
  bundle,
  makeScene,
  request,
  SESSION,
  type Scene,
} from "../../../test/integration/attacks/fixture.js";
import { intake } from "../src/intake/index.js";
import type { LandReport, LandRequest } from "../src/land-types.js";
import { land } from "../src/land.js";

let scene: Scene;

beforeEach(async () => {
  scene = await makeScene();
});

async function pull(more: Partial<LandRequest> = {}): Promise<LandReport> {
  const { tip } = await intake(request(scene, bundle(scene)));
  const { repo, base } = scene;
  const common = { repo, sessionId: SESSION, branch: "main", base, tip: tip ?? base } as const;
  return land({ ...common, strategy: "ff", planTitle: "The plan", ...more });
}

const subjects = (range: string): string[] =>
  scene.host.git("log", "--format=%s", range).split("\n");

describe("where the branch is", () => {
  it("in the worktree one stands in", async () => {
    const { host, guest, base } = scene;
    const tip = guest.commit({ "new.txt": "n\n" });
    expect(await pull()).toEqual({ branch: "main", before: base, after: tip, where: host.dir });
    expect(readFileSync(host.path("new.txt"), "utf8")).toBe("n\n");
    expect(host.git("status", "--porcelain")).toBe("");
    expect(host.git("reflog", "-1", "--format=%gs", "main")).toContain(`cco pull ${SESSION}`);
  });

  it("in another worktree", async () => {
    const { host, guest, dir } = scene;
    host.git("checkout", "-q", "private");
    const other = join(dir, "other place");
    host.git("worktree", "add", "-q", other, "main");
    const tip = guest.commit({ "new.txt": "n\n" });
    expect(await pull()).toMatchObject({ after: tip, where: other });
    expect(existsSync(join(other, "new.txt"))).toBe(true);
    expect(existsSync(host.path("new.txt"))).toBe(false);
  });

  it("in none", async () => {
    const { host, guest } = scene;
    host.git("checkout", "-q", "--detach", "private");
    const tip = guest.commit({ "new.txt": "n\n" });
    expect(await pull()).toMatchObject({ after: tip, where: null });
    expect(host.rev("main")).toBe(tip);
    expect(host.rev("HEAD")).toBe(scene.privateCommit);
  });

  it("gone since", async () => {
    scene.host.git("checkout", "-q", "private");
    scene.guest.commit({ "new.txt": "n\n" });
    scene.host.git("branch", "-q", "-D", "main");
    await expect(pull()).rejects.toMatchObject({
      code: "BRANCH_GONE",
      hint: expect.stringContaining("--to") as string,
    });
    expect(await pull({ to: "main" })).toMatchObject({ before: null });
  });

  it("in a worktree whose folder is gone", async () => {
    const { host, guest, dir } = scene;
    host.git("checkout", "-q", "private");
    host.git("worktree", "add", "-q", join(dir, "other"), "main");
    rmSync(join(dir, "other"), { recursive: true });
    guest.commit({ "new.txt": "n\n" });
    await expect(pull()).rejects.toMatchObject({
      code: "BRANCH_BUSY",
      hint: expect.stringContaining("prune") as string,
    });
  });

  it("checked out twice", async () => {
    const { host, guest, dir } = scene;
    host.git("worktree", "add", "-q", "-f", join(dir, "other"), "main");
    guest.commit({ "new.txt": "n\n" });
    await expect(pull()).rejects.toMatchObject({ code: "BRANCH_BUSY" });
    expect(host.rev("main")).toBe(scene.base);
  });

  it("being rebased, or in the middle of a merge", async () => {
    const { host, guest } = scene;
    host.git("branch", "clash", "main");
    host.commit({ "src/a.txt": "mine\n" }, "mine");
    host.git("checkout", "-q", "clash");
    host.commit({ "src/a.txt": "theirs\n" }, "theirs");
    host.git("checkout", "-q", "main");
    guest.commit({ "new.txt": "n\n" });
    host.tryGit({}, "rebase", "clash");
    const before = host.rev("main");
    await expect(pull()).rejects.toMatchObject({ code: "BRANCH_BUSY" });
    await expect(pull({ strategy: "merge" })).rejects.toMatchObject({ code: "BRANCH_BUSY" });
    expect(host.rev("main")).toBe(before);
    host.git("rebase", "--abort");
    host.tryGit({}, "merge", "clash");
    await expect(pull({ strategy: "merge" })).rejects.toMatchObject({ code: "BRANCH_BUSY" });
  });
});

describe("results that do not fast-forward", () => {
  it("a branch that moved on: kept, landed by merge, rebase or squash", async () => {
    const { host, guest } = scene;
    guest.commit({ "one.txt": "1\n" }, "one");
    const tip = guest.commit({ "two.txt": "2\n" }, "two");
    const mine = host.commit({ "mine.txt": "m\n" }, "mine");
    await expect(pull()).rejects.toMatchObject({ code: "BRANCH_DIVERGED" });
    expect(host.rev("main")).toBe(mine);
    expect(host.rev(`refs/cco/sessions/${SESSION}`)).toBe(tip);

    const merged = await pull({ strategy: "merge" });
    expect(host.git("log", "-1", "--format=%P", merged.after)).toBe(`${mine} ${tip}`);
    expect(host.git("log", "-1", "--format=%s|%an|%cn")).toBe(
      "Merge The plan into main|Test Person|Test Person",
    );
    expect(await pull({ strategy: "merge" })).toMatchObject({ after: merged.after });

    host.git("reset", "-q", "--hard", mine);
    const rebased = await pull({ strategy: "rebase" });
    expect(subjects(`${mine}..main`)).toEqual(["two", "one"]);
    expect(await pull({ strategy: "rebase" })).toMatchObject({ after: rebased.after });

    host.git("reset", "-q", "--hard", mine);
    const squashed = await pull({ strategy: "squash" });
    expect(host.git("log", "-1", "--format=%B")).toBe(
      `The plan\n\n- one\n- two\n\nSession: ${SESSION}`,
    );
    expect(host.git("log", "-1", "--format=%P")).toBe(mine);
    expect(await pull({ strategy: "squash" })).toMatchObject({ after: squashed.after });
    expect(host.git("status", "--porcelain")).toBe("");
    expect(host.git("worktree", "list").split("\n")).toHaveLength(1);
  });

  it("keeps the agent's authorship and messages, with the person as committer", async () => {
    const { host, guest } = scene;
    guest.write({ "one.txt": "1\n" });
    guest.git("add", "-A");
    guest.gitWith(
      {
        env: {
          GIT_AUTHOR_NAME: "Agent",
          GIT_AUTHOR_EMAIL: "agent@box.test",
          GIT_AUTHOR_DATE: "2001-02-03T04:05:06+0700",
          GIT_COMMITTER_NAME: "Agent",
        },
      },
      "commit",
      "-q",
      "-m",
      "one\n\nbody line\n\nTrailer: yes",
    );
    host.commit({ "mine.txt": "m\n" }, "mine");
    const who = "--format=%an|%ae|%ad|%cn";
    const expected = "Agent|agent@box.test|2001-02-03T04:05:06+07:00|Test Person";
    const squashed = await pull({ strategy: "squash", to: "squashed" });
    expect(host.git("show", "-s", "--date=iso-strict", who, squashed.after)).toBe(expected);
    const { after } = await pull({ strategy: "rebase" });
    expect(host.git("show", "-s", "--date=iso-strict", who, after)).toBe(expected);
    expect(host.git("show", "-s", "--format=%B", after)).toBe("one\n\nbody line\n\nTrailer: yes");
  });

  it.each(["merge", "rebase", "squash"] as const)(
    "a conflict names its files, and nothing moves: %s",
    async (strategy) => {
      const { host, guest } = scene;
      guest.commit({ "src/a.txt": "guest\n", "fine.txt": "f\n" });
      const mine = host.commit({ "src/a.txt": "mine\n" }, "mine");
      await expect(pull({ strategy })).rejects.toMatchObject({
        code: "MERGE_CONFLICT",
        files: ["src/a.txt"],
      });
      expect(host.rev("main")).toBe(mine);
      expect(host.git("status", "--porcelain")).toBe("");
    },
  );

  it("a computed result does not overwrite dirty files either", async () => {
    const { host, guest } = scene;
    guest.commit({ "src/a.txt": "guest\n" });
    const mine = host.commit({ "mine.txt": "m\n" }, "mine");
    host.write({ "src/a.txt": "dirty\n" });
    await expect(pull({ strategy: "merge" })).rejects.toMatchObject({
      code: "WORKTREE_DIRTY",
      files: ["src/a.txt"],
    });
    expect(host.rev("main")).toBe(mine);
    expect(readFileSync(host.path("src/a.txt"), "utf8")).toBe("dirty\n");
  });

  it("rewritten history is named, and can go to a branch of its own", async () => {
    const { host, guest } = scene;
    guest.write({ "src/b.txt": "amended\n" });
    guest.git("commit", "-q", "-a", "--amend", "-m", "better");
    await expect(pull()).rejects.toMatchObject({ code: "RESULT_REWRITTEN" });
    expect(host.rev("main")).toBe(scene.base);
    expect(await pull({ to: "result" })).toMatchObject({ before: null, after: guest.rev("HEAD") });
    guest.git("checkout", "-q", "--orphan", "fresh");
    guest.commit({ "only.txt": "x\n" });
    await expect(pull({ strategy: "merge" })).rejects.toMatchObject({ code: "RESULT_REWRITTEN" });
  });

  it("a rebase leaves out what is there already, and keeps empty commits", async () => {
    const { host, guest } = scene;
    guest.commit({ "same.txt": "s\n" }, "same");
    guest.commit({}, "empty on purpose");
    guest.commit({ "other.txt": "o\n" }, "other");
    const mine = host.commit({ "same.txt": "s\n" }, "mine, the same");
    await pull({ strategy: "rebase" });
    expect(subjects(`${mine}..main`)).toEqual(["other", "empty on purpose"]);
  });

  it("a rebase of a history with merges and a root of its own", async () => {
    const { host, guest } = scene;
    guest.git("checkout", "-q", "--orphan", "fresh");
    guest.git("rm", "-q", "-r", "--cached", ".");
    guest.commit(
      {
        "README.md": null,
        "src/a.txt": null,
        "src/b.txt": null,
        ".gitignore": null,
        "root.txt": "r\n",
      },
      "a root",
    );
    guest.git("checkout", "-q", "main");
    guest.git("merge", "-q", "--no-edit", "--allow-unrelated-histories", "fresh");
    guest.commit({ "last.txt": "l\n" }, "last");
    const mine = host.commit({ "mine.txt": "m\n" }, "mine");
    await pull({ strategy: "rebase" });
    expect(subjects(`${mine}..main`)).toEqual(["last", "a root"]);
    expect(existsSync(host.path("root.txt"))).toBe(true);
    expect(existsSync(host.path("mine.txt"))).toBe(true);
  });
});

describe("other branches", () => {
  it("--to a new one, and again to the same", async () => {
    const tip = scene.guest.commit({ "new.txt": "n\n" });
    const report = { branch: "cco/result", after: tip, where: null };
    expect(await pull({ to: "cco/result" })).toEqual({ ...report, before: null });
    expect(await pull({ to: "cco/result" })).toEqual({ ...report, before: tip });
    expect(scene.host.rev("main")).toBe(scene.base);
  });

  it.each(["-x", "a..b", "a b", ".x", "x.lock", "", "a\u0007"])(
    "--to %j is refused",
    async (to) => {
      scene.guest.commit({ "new.txt": "n\n" });
      await expect(pull({ to })).rejects.toMatchObject({ code: "BRANCH_NAME_INVALID" });
    },
  );

  it("the snapshot of --with-changes: kept on its new branch, left out by rebase", async () => {
    const { host, guest, base } = scene;
    guest.write({ "README.md": "# edited, not committed\n" });
    guest.git("commit", "-q", "-a", "-m", "snapshot");
    const snapshot = guest.rev("HEAD");
    host.git("fetch", "-q", guest.dir, "main");
    scene = { ...scene, base: snapshot };
    const tip = guest.commit({ "new.txt": "n\n" }, "the agent's");
    expect(await pull({ snapshotCommit: snapshot, to: `cco/${SESSION}` })).toMatchObject({
      after: tip,
    });
    const rebased = await pull({ snapshotCommit: snapshot, strategy: "rebase" });
    expect(subjects(`${base}..main`)).toEqual(["the agent's"]);
    expect(host.git("show", `${rebased.after}:README.md`)).toBe("# sample");
  });
});

describe("an interruption", () => {
  it("before the branch moves leaves everything", async () => {
    scene.guest.commit({ "new.txt": "n\n" });
    const { tip } = await intake(request(scene, bundle(scene)));
    const { repo, base } = scene;
    const signal = AbortSignal.abort();
    await expect(
      land({
        repo,
        sessionId: SESSION,
        branch: "main",
        base,
        tip: tip ?? "",
        strategy: "ff",
        signal,
      }),
    ).rejects.toThrow();
    expect(scene.host.rev("main")).toBe(base);
    expect(scene.host.git("status", "--porcelain")).toBe("");
  });

  it("another git at work in the worktree is named, not broken", async () => {
    scene.guest.commit({ "new.txt": "n\n" });
    writeFileSync(scene.host.path(".git/index.lock"), "");
    await expect(pull()).rejects.toMatchObject({ code: "BRANCH_BUSY" });
    expect(scene.host.rev("main")).toBe(scene.base);
  });
});
