import { rmSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { session, withWorkspace } from "./fixture.js";

describe("list", () => {
  test("branch, distance, changes, window, sessions; own worktrees and open windows only", async () => {
    const { f, w, git, repo, worktree } = await withWorkspace();
    f.git.git("worktree", "add", "-q", "-b", "mine", join(f.dir, "own"));
    const origin = join(f.dir, "origin.git");
    f.git.git("clone", "-q", "--bare", f.git.dir, origin);
    f.git.git("remote", "add", "origin", origin);
    f.git.git("fetch", "-q", "origin");
    await w.add(repo, "a=b.c", { from: "main" });
    git.commit({ a: "1" });
    f.git.commit({ b: "1" });
    f.git.commit({ c: "1" });
    git.git("push", "-q", "-u", "origin", "x");
    git.commit({ d: "1" });
    git.write({ new: "" });
    f.sessions = [session(f, "running"), { ...session(f, "running"), repo: "/other" }];
    expect(await w.list(repo)).toEqual([
      {
        ...{ repo: f.git.dir, branch: "a=b.c", worktree: f.worktrees("api/api-a=b.c") },
        ...{ window: "@1", ahead: 0, behind: 2, dirty: false, sessions: [] },
      },
      {
        ...{ repo: f.git.dir, branch: "x", worktree },
        ...{ window: "@0", ahead: 1, behind: 0, dirty: true, sessions: [session(f, "running")] },
      },
    ]);
    rmSync(worktree, { recursive: true });
    f.tmux("kill-server");
    expect((await w.list(repo))[1]).toMatchObject({ branch: "x", window: null, dirty: null });
  });
});
