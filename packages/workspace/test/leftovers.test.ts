import { existsSync, rmSync, writeFileSync } from "node:fs";

import { expect, test } from "vitest";

import { Fixture } from "./fixture.js";

test("what is left is named with the command that mends it, and it does", async () => {
  const f = new Fixture();
  const w = f.workspaces();
  const repo = await f.repo();
  for (const branch of ["deleted", "half made", "no worktree", "whole", "moved"].map((name) =>
    name.replace(" ", "-"),
  )) {
    await w.add(repo, branch);
  }
  expect(await w.leftovers(repo)).toEqual([]);
  rmSync(f.worktrees("api/api-deleted"), { recursive: true });
  // What `git worktree add` leaves that was killed before its checkout.
  writeFileSync(f.git.path(".git/worktrees/api-half-made/locked"), "initializing");
  f.git.git("worktree", "remove", f.worktrees("api/api-no-worktree"));
  f.git.git("worktree", "move", f.worktrees("api/api-moved"), f.worktrees("api/elsewhere"));
  expect(await w.leftovers(repo)).toEqual([
    {
      ...{ kind: "worktree-gone", name: "deleted", fix: "cco rm deleted" },
      detail: `its folder was deleted: ${f.worktrees("api/api-deleted")}`,
    },
    {
      ...{ kind: "worktree-half-made", name: "half-made", fix: "cco add half-made" },
      detail: `making it was interrupted: ${f.worktrees("api/api-half-made")}`,
    },
    {
      ...{ kind: "window-without-worktree", name: "no-worktree", fix: "cco rm no-worktree" },
      detail: `window @2 is open on a worktree that is gone: ${f.worktrees("api/api-no-worktree")}`,
    },
  ]);
  await w.remove(repo, ["deleted", "no-worktree"]);
  await w.add(repo, "half-made");
  expect(await w.leftovers(repo)).toEqual([]);
  expect(f.windows()).toEqual(["cco-api:half-made", "cco-api:whole", "cco-api:moved"]);
  expect(existsSync(f.worktrees("api/api-half-made/README.md"))).toBe(true);
});
