import { existsSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { TestRepo } from "../support/repo.js";
import { Scene } from "./scene.js";

interface Entry {
  readonly branch: string;
  readonly worktree: string;
  readonly window: string;
}

/** Names of branches that are there side by side, each with what makes it hard. */
const BRANCHES = [
  ["feat/a", "a folder of refs"],
  ["feat-a", "the name that another one's folder gets"],
  ["feat-a-2", "the name that the second of them gets"],
  ["v1.2.3", "tmux splits at dots"],
  ["1", "tmux takes it for an index"],
  ["ünï/çødé-✳", "more than ASCII"],
  ["🔔rings", "begins like a mark"],
  ["x/-dash", "a dash leads a part of it"],
  ["renamed", "its window has a name of the person's"],
  ["$HOME;a&b'c", "a shell's characters"],
  ["#(touch-pwned)", "a tmux format"],
  ["50%", "a percent sign"],
  ["UPPER", "only its case differs"],
  ["upper", "only its case differs"],
  [`long/${"x".repeat(220)}`, "as long as it gets"],
] as const;

describe("a workspace is the branch's, whatever its name", () => {
  let scene: Scene;
  let twin: TestRepo;
  /** A window that is never removed. */
  let stays: string;

  const list = (cwd = scene.repo.dir) => scene.json<readonly Entry[]>(["ls"], 0, { cwd });
  const windows = () => scene.tmux.run("list-windows", "-a", "-F", "#{window_id}").split("\n");
  const branches = () =>
    scene.repo.git("for-each-ref", "--format=%(refname:strip=2)", "refs/heads").split("\n");
  const nameOf = (window: string) =>
    scene.tmux.run("display-message", "-p", "-t", window, "#{window_name}");

  beforeAll(async () => {
    scene = new Scene();
    stays = (await scene.json<Entry>(["add", "stays", "--no-agent"])).window;
    for (const [branch] of BRANCHES) await scene.ok(["add", branch, "--no-agent"]);
    const renamed = (await list()).find(({ branch }) => branch === "renamed");
    scene.tmux.run("rename-window", "-t", renamed?.window ?? "", "feat-a");
    twin = TestRepo.withCommit({ dir: join(scene.dir, "twin/app"), env: scene.env });
    await scene.ok(["add", "feat/a", "--no-agent"], { cwd: twin.dir });
  });

  it("no two have a worktree or a window in common", async () => {
    const all = [...(await list()), ...(await list(twin.dir))];
    expect(all.map(({ branch }) => branch).sort()).toEqual(
      [...BRANCHES.map(([branch]) => branch), "stays", "feat/a"].sort(),
    );
    expect(new Set(all.map(({ worktree }) => worktree)).size).toBe(all.length);
    expect(new Set(all.map(({ window }) => window)).size).toBe(all.length);
  });

  it.each(BRANCHES)("%s: %s", async (branch) => {
    const before = await list();
    const entry = before.find((one) => one.branch === branch);
    if (entry === undefined) throw new Error(`not listed: ${branch}`);
    const { worktree, window } = entry;
    expect(new TestRepo(worktree, scene.env).git("branch", "--show-current")).toBe(branch);
    expect(scene.tmux.run("display-message", "-p", "-t", window, "#{pane_start_path}")).toBe(
      worktree,
    );
    // The active window gets no bell.
    scene.tmux.run("select-window", "-t", stays);
    const name = nameOf(window);
    await scene.ok(["notify"], { cwd: worktree });
    expect(nameOf(window)).toBe(`🔔 ${name}`);
    scene.tmux.run("select-window", "-t", window);
    expect(nameOf(window)).toBe(name);

    expect(await scene.json(["add", "--no-agent", branch])).toMatchObject({
      window,
      created: { branch: false, worktree: false, window: false },
    });
    const others = windows().filter((one) => one !== window);
    expect(await scene.json(["rm", "-D", branch])).toMatchObject([
      { branch, worktree, window: true, branchDeleted: true },
    ]);
    expect(windows()).toEqual(others);
    expect(existsSync(worktree)).toBe(false);
    expect(branches()).not.toContain(branch);
  });

  it("the other repository of that name has kept its own", async () => {
    expect(await list(twin.dir)).toMatchObject([{ branch: "feat/a", repo: twin.dir }]);
  });
});
