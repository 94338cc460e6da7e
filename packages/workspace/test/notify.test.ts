import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { describe, expect, test } from "vitest";

import { ringingArgv } from "../src/bell.js";
import { attached, Fixture, until, withWorkspace } from "./fixture.js";

describe("notify", () => {
  test("marks the worktree's window, never the active one, and visiting clears it", async () => {
    const { f, w, repo, worktree } = await withWorkspace();
    const y = await w.add(repo, "y#(touch pwned)'\"".replaceAll(/[ '"]/g, ""));
    const deep = join(y.worktree, "a/b");
    mkdirSync(deep, { recursive: true });
    expect((await w.notify(worktree)).outcome).toBe("active");
    expect((await w.notify(f.git.dir)).outcome).toBe("no-window");
    expect((await w.notify(join(f.dir, "gone"))).outcome).toBe("no-window");
    expect(await w.notify(deep)).toEqual({
      ...{ outcome: "marked", detail: null, desktop: null, desktopDetail: null },
    });
    expect((await w.notify(deep)).outcome).toBe("already-marked");
    expect(f.windows()).toEqual(["cco-api:x", `cco-api:🔔 ${y.windowName}`]);
    // The mark changes no identity.
    expect((await w.find(repo, y.branch)).window).toBe(y.window);
    f.tmux("select-window", "-t", y.window);
    await until(() => f.windows()[1] === `cco-api:${y.windowName}`);
    expect((await w.notify(worktree)).outcome).toBe("marked");
    f.tmux("set-hook", "-g", "session-window-changed[1]", "set -g @mine yes");
    f.tmux("select-window", "-t", "@0");
    await until(() => f.windows()[0] === "cco-api:x");
    expect(f.tmux("show-options", "-gv", "@mine")).toBe("yes");
  });

  test("coming to the session clears the mark too", async () => {
    const { f, w, repo } = await withWorkspace();
    const y = await w.add(repo, "y");
    await w.notify(y.worktree);
    // The marked window becomes the active one while nobody looks.
    f.tmux("set-hook", "-gu", "session-window-changed");
    f.tmux("select-window", "-t", y.window);
    expect(f.windows()[1]).toBe("cco-api:🔔 y");
    const client = attached(f, (await w.attach(repo)).argv);
    await until(() => f.windows()[1] === "cco-api:y");
    f.tmux("kill-server");
    await client;
  });

  test("no server, no tmux: said, not thrown", async () => {
    const f = new Fixture();
    expect((await f.workspaces().notify(f.git.dir)).outcome).toBe("no-window");
    const runner = new ExecaRunner({ env: { PATH: f.dir } });
    expect(await f.workspaces({ runner }).notify(f.git.dir)).toMatchObject({
      ...{ outcome: "failed", detail: "tmux: command not found" },
    });
  });
});

describe("the end of a session", () => {
  const untilFile = (path: string) => ["sh", "-c", 'until [ -e "$0" ]; do sleep 0.02; done', path];

  test("rings like notify: never the active window, cleared by a visit, wherever the pane is", async () => {
    const { f, w, repo } = await withWorkspace();
    const y = await w.add(repo, "y");
    const z = await w.add(repo, "z");
    const [go, then] = [join(f.dir, "go"), join(f.dir, "then")];
    const open = (window: string, sessionId: string, after?: string) =>
      w.openPane({
        ...{ window, sessionId, argv: untilFile(go) },
        ...(after === undefined ? {} : { then: ["touch", after] }),
      });
    await open("@0", "00000001");
    await open(y.window, "00000002", then);
    const moved = await open(y.window, "00000003");
    f.tmux("join-pane", "-d", "-s", moved, "-t", z.window);
    writeFileSync(go, "");
    await until(() => f.windows().join() === "cco-api:x,cco-api:🔔 y,cco-api:🔔 z");
    await until(() => existsSync(then));
    f.tmux("select-window", "-t", y.window);
    await until(() => f.windows()[1] === "cco-api:y");
    // What it showed stays readable.
    const kept = f.tmux("list-panes", "-a", "-F", "#{@cco-session}").split("\n").filter(Boolean);
    expect(kept.sort()).toEqual(["00000001", "00000002", "00000003"]);
  });

  test("the exit code of what ended is the pane's", () => {
    // Not asked of tmux, which with libutempter now and then never learns of a pane's end.
    const [file = "", ...args] = ringingArgv(["sh", "-c", "exit 7"], ["true"]);
    expect(spawnSync(file, args, { env: { PATH: process.env["PATH"] } }).status).toBe(7);
  });

  test("a program's own bell in a background window is a mark too", async () => {
    const { f, w, repo } = await withWorkspace();
    const agent = ["sh", "-c", 'printf "\\a"; exec sleep 1000'];
    await w.add(repo, "y", { agent });
    await until(() => f.windows()[1] === "cco-api:🔔 y");
    expect(f.windows()[0]).toBe("cco-api:x");
  });

  test("the server's configuration has the hooks that ringing sets", async () => {
    const { f, w, repo } = await withWorkspace();
    const hooks = f.tmux("show-hooks", "-g");
    expect(hooks.match(/\[7301\]/g)).toHaveLength(4);
    expect((await w.notify((await w.add(repo, "y")).worktree)).outcome).toBe("marked");
    expect(f.tmux("show-hooks", "-g")).toBe(hooks);
  });
});

describe("a message for the desktop", () => {
  const text = "done; <b>really</b>\u001b]0;x\u0007\n& more";

  test("as an escape sequence to each terminal that shows the server, without blocking", async () => {
    const { f, w, repo, worktree } = await withWorkspace();
    const none = await w.notify(worktree, { message: { text, method: "osc9" } });
    expect(none).toMatchObject({
      ...{ desktop: "failed", desktopDetail: "no terminal shows cco's tmux server" },
    });
    const shown = join(f.dir, "terminal");
    const client = attached(f, (await w.attach(repo)).argv, shown);
    await until(() => f.tmux("list-clients") !== "");
    for (const [method, sequence] of [
      ["osc9", "\u001b]9;cco: done; <b>really</b>]0;x & more\u0007"],
      ["osc777", "\u001b]777;notify;cco;done; <b>really</b>]0;x & more\u0007"],
    ] as const) {
      const result = await w.notify(worktree, { message: { text, method } });
      expect(result).toMatchObject({ outcome: "active", desktop: "shown", desktopDetail: null });
      await until(() => readFileSync(shown, "utf8").includes(sequence));
    }
    f.tmux("kill-server");
    await client;
  });

  test("by the desktop's own program, in arguments of its own", async () => {
    const { f, worktree } = await withWorkspace();
    const bin = join(f.dir, "bin");
    mkdirSync(bin);
    // As the real ones: what they do not know is refused.
    const programs = {
      "notify-send": `case "$#:$1:$2" in 4:--app-name=cco:--) ;; *) exit 1 ;; esac`,
      osascript: `case "$#:$1:$3:$5" in 8:-e:-e:-e) shift 5 ;; *) exit 1 ;; esac`,
    };
    for (const [name, check] of Object.entries(programs)) {
      const script = `#!/bin/sh\n${check}\nprintf '[%s]' "$3" "$4" >"$HOME/${name}"\n`;
      writeFileSync(
        join(bin, name),
        script.replace('"$3" "$4"', name === "osascript" ? '"$2" "$3"' : '"$3" "$4"'),
        { mode: 0o755 },
      );
    }
    const env = { ...f.env, PATH: `${bin}:${f.env["PATH"] ?? ""}`, DISPLAY: ":0" };
    const w = f.workspaces({ env, runner: new ExecaRunner({ env }) });
    for (const [method, program, body] of [
      ["auto", "notify-send", "done; &lt;b&gt;really&lt;/b&gt;]0;x &amp; more"],
      ["osascript", "osascript", "done; <b>really</b>]0;x & more"],
    ] as const) {
      const result = await w.notify(worktree, { message: { text, method } });
      expect(result).toMatchObject({ desktop: "shown", desktopDetail: null });
      const said = readFileSync(join(f.env["HOME"] ?? "", program), "utf8");
      expect(said).toBe(`[cco][${body}]`);
    }
    writeFileSync(join(bin, "notify-send"), "#!/bin/sh\necho no bus >&2; exit 1\n");
    const failed = await w.notify(worktree, { message: { text } });
    expect(failed).toMatchObject({ outcome: "active", desktop: "failed" });
    expect(failed.desktopDetail).toBe("notify-send failed: no bus");
  });
});
