import { describe, expect, test } from "vitest";

import { attached, until, withWorkspace } from "./fixture.js";

describe("attach", () => {
  test("outside, from another tmux, inside", async () => {
    const { f, w, repo } = await withWorkspace();
    await w.add(repo, "y");
    const plan = await w.attach(repo, "y");
    expect(plan.how).toBe("attach");
    expect(plan.argv.slice(-3)).toEqual(["attach-session", "-t", "=cco-api:@1"]);
    expect((await w.attach(repo)).argv.at(-1)).toBe("=cco-api:");
    const other = f.workspaces({ env: { ...f.env, TMUX: "/tmp/tmux-0/default,123,0" } });
    expect(await other.attach(repo, "y")).toEqual({ ...plan, how: "nested" });
    await expect(w.attach(repo, "nope")).rejects.toMatchObject({ code: "NO_WORKSPACE_WINDOW" });
    expect(await w.open()).toEqual([{ repo: f.git.dir, session: "cco-api", windows: 2 }]);

    const client = attached(f, plan.argv);
    await until(() => f.tmux("list-clients", "-F", "#{window_id}") === "@1");
    const socket = f.tmux("display-message", "-p", "#{socket_path}");
    const inside = f.workspaces({ env: { ...f.env, TMUX: `${socket},1,0` } });
    expect((await inside.attach(repo, "x")).how).toBe("switched");
    expect(f.tmux("list-clients", "-F", "#{window_id}")).toBe("@0");
    f.tmux("kill-server");
    await client;
    await expect(w.attach(repo)).rejects.toMatchObject({ code: "NO_WORKSPACE" });
    expect(await w.open()).toEqual([]);
  });
});
