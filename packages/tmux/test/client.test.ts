import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { hermeticEnv } from "../../../test/support/env.js";
import { makeTempDir } from "../../../test/support/temp-dir.js";
import { TmuxClient } from "../src/index.js";

let dir: string;
let env: Record<string, string>;
let tmux: TmuxClient;

beforeEach(() => {
  dir = makeTempDir();
  env = hermeticEnv(join(dir, "e"));
  tmux = new TmuxClient(new ExecaRunner({ env }), {
    socketPath: "s",
    cwd: dir,
    configFile: "/dev/null",
  });
});

afterEach(async () => {
  await tmux.killServer();
});

const SLEEP = ["sleep", "1000"];

async function until(question: () => Promise<boolean>): Promise<void> {
  while (!(await question())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * The program of a pane has ended. Asked of the system: with libutempter tmux now and then never
 * learns of a pane's end, and then says neither `dead` nor how.
 */
async function ended(pane: string): Promise<boolean> {
  const found = (await tmux.listPanes(null)).find((one) => one.paneId === pane);
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(found?.pid ?? 0)]).stdout.toString();
  return /^(?:Z.*)?$/.test(state.trim());
}

describe("sessions", () => {
  test("no server: nothing, and no error", async () => {
    expect(await tmux.hasSession("cco-foo")).toBe(false);
    expect(await tmux.killSession("cco-foo")).toBe(false);
    expect(await tmux.listSessions()).toEqual([]);
    expect(await tmux.listWindows(null)).toEqual([]);
    expect(await tmux.listPanes(null)).toEqual([]);
    expect(await tmux.findPaneByOption("@cco-session", "x")).toBeNull();
    expect(await tmux.killServer()).toBe(false);
    await expect(tmux.listWindows("=cco-foo")).rejects.toMatchObject({ code: "NO_SERVER" });
  });

  test("a name that begins another's is not that one", async () => {
    await tmux.newSession({ name: "cco-foobar", argv: SLEEP });
    expect(await tmux.hasSession("cco-foo")).toBe(false);
    expect(await tmux.killSession("cco-foo")).toBe(false);
    await expect(tmux.listWindows("=cco-foo")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(tmux.listPanes("=cco-foo:")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const set = tmux.setOption({ session: "=cco-foo:" }, "@x", "1");
    await expect(set).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await tmux.hasSession("cco-foobar")).toBe(true);
    expect(await tmux.killSession("cco-foobar")).toBe(true);
  });

  test("one name twice is told", async () => {
    await tmux.newSession({ name: "a", argv: SLEEP });
    const again = tmux.newSession({ name: "a", argv: SLEEP });
    await expect(again).rejects.toMatchObject({ code: "SESSION_EXISTS" });
  });

  test.each(["-dash", "1", "with space", "ünî✳", "#{pane_id}", "#(touch pwned)", "a;", "@y"])(
    "named %j",
    async (name) => {
      const made = await tmux.newSession({
        name: `cco-${name}`,
        windowName: name,
        argv: SLEEP,
        size: { columns: 100, rows: 30 },
        sessionOptions: { "@cco-repo": "/a b/ü;" },
        windowOptions: { "@cco-branch": name },
      });
      expect(await tmux.hasSession(`cco-${name}`)).toBe(true);
      expect(await tmux.listSessions(["@cco-repo"])).toEqual([
        {
          sessionId: made.sessionId,
          name: `cco-${name}`,
          attached: 0,
          options: { "@cco-repo": "/a b/ü;" },
        },
      ]);
      expect(await tmux.listWindows(made.sessionId, ["@cco-branch", "@cco-repo"])).toMatchObject([
        { name, options: { "@cco-branch": name, "@cco-repo": "/a b/ü;" } },
      ]);
      expect(await tmux.killSession(`cco-${name}`)).toBe(true);
    },
  );
});

describe("windows", () => {
  test.each(["-dash", "1", "a.b:c", "x y", "🔔 feat", "#{window_id}", "b;", "=eq"])(
    "named %j",
    async (name) => {
      const { sessionId } = await tmux.newSession({ name: "s", argv: SLEEP });
      const { windowId } = await tmux.newWindow({
        session: "=s",
        name,
        argv: SLEEP,
        windowOptions: { "@cco-branch": name },
      });
      const [first, second] = await tmux.listWindows(sessionId, ["@cco-branch"]);
      expect(first).toMatchObject({ active: true, options: {} });
      expect(second).toMatchObject({ windowId, name, active: false });
      expect(second?.options).toEqual({ "@cco-branch": name });
      await tmux.renameWindow(windowId, `${name}x`);
      await tmux.selectWindow(windowId);
      const [, renamed] = await tmux.listWindows(sessionId);
      expect(renamed).toMatchObject({ name: `${name}x`, active: true });
      expect(await tmux.killWindow(windowId)).toBe(true);
      expect(await tmux.killWindow(windowId)).toBe(false);
    },
  );

  test("marks go to the new window though indexes have holes", async () => {
    const { windowId: first } = await tmux.newSession({ name: "s", argv: SLEEP });
    const make = (name: string) =>
      tmux.newWindow({ session: "=s", name, argv: SLEEP, windowOptions: { "@b": name } });
    const two = await make("two");
    const three = await make("three");
    await tmux.killWindow(two.windowId);
    await tmux.selectWindow(first);
    const four = await make("four");
    const windows = await tmux.listWindows("=s", ["@b"]);
    expect(windows.map((one) => [one.windowId, one.options["@b"]])).toEqual([
      [first, undefined],
      [three.windowId, "three"],
      [four.windowId, "four"],
    ]);
  });

  test("working directory, environment and arguments are exact", async () => {
    const odd = join(dir, "#{pane_id} é");
    spawnSync("mkdir", [odd]);
    const script = 'pwd > out; printf "[%s]" "$A" "$@" >> out; exec sleep 1000';
    const args = ["a;", "\\;", ";", "-x", "'q'", '"', "$HOME", "#{x}", "", "ü\n2"];
    await tmux.newSession({
      name: "s",
      cwd: odd,
      env: { A: "x;y #{z}" },
      argv: ["sh", "-c", script, "sh", ...args],
    });
    const read = () => spawnSync("cat", [join(odd, "out")], { encoding: "utf8" }).stdout;
    await until(() => Promise.resolve(read().endsWith("2]")));
    expect(read()).toBe(`${odd}\n[x;y #{z}]${args.map((each) => `[${each}]`).join("")}`);
  });
});

describe("panes", () => {
  test("the six operations", async () => {
    const { windowId } = await tmux.newSession({ name: "s", windowName: "w", argv: SLEEP });
    const pane = await tmux.splitWindow("=s", windowId);
    await tmux.selectLayout("=s", windowId, "even-horizontal");
    await tmux.setPaneTitle(pane, "#{pane_id} ✳ title");
    expect(await tmux.findPaneByTitle("=s:", "#{pane_id} ✳ title")).toBe(pane);
    await tmux.sendKeysToPane(pane, `echo typed > ${join(dir, "typed")}; tmux -V;`);
    const typed = () => spawnSync("cat", [join(dir, "typed")], { encoding: "utf8" }).stdout;
    await until(() => Promise.resolve(typed() === "typed\n"));
    await tmux.killPane(pane);
    await expect(tmux.findPaneByTitle("=s:", "#{pane_id} ✳ title")).rejects.toThrow("not found");
    await expect(tmux.splitWindow("=s", "@99")).rejects.toThrow("split-window failed: can't find");
    await expect(tmux.killPane(pane)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("splitAndRun marks the new pane, keeps the current one and the last content", async () => {
    const { windowId, paneId } = await tmux.newSession({ name: "s", argv: SLEEP });
    const made: string[] = [];
    for (const id of ["one", "two", "three"]) {
      const pane = await tmux.splitAndRun({
        window: windowId,
        argv: ["sh", "-c", `echo said ${id}; read -r line; exit 3`],
        title: id,
        paneOptions: { "@cco-session": id },
      });
      made.push(pane);
      // Read before the end: tmux may miss what a program prints right before it.
      await until(async () => (await tmux.capturePane(pane)).includes(`said ${id}`));
      await tmux.sendKeysToPane(pane, "");
    }
    await until(async () => (await Promise.all(made.map(ended))).every(Boolean));
    const panes = await tmux.listPanes(null, ["@cco-session"]);
    expect(panes.find((pane) => pane.active)?.paneId).toBe(paneId);
    for (const [index, id] of ["one", "two", "three"].entries()) {
      const pane = await tmux.findPaneByOption("@cco-session", id);
      expect(pane).toBe(made[index]);
      expect(panes.find((one) => one.paneId === pane)).toMatchObject({ title: id });
      expect(await tmux.capturePane(pane ?? "", { start: "-" })).toContain(`said ${id}`);
    }
    const widths = await tmux.run([["list-panes", "-t", windowId, "-F", "#{pane_width}"]]);
    const numbers = widths.trim().split("\n").map(Number);
    expect(Math.max(...numbers) - Math.min(...numbers)).toBeLessThanOrEqual(1);
  });

  test("splitAndRun marks the pane of the window it was asked for, whichever is current", async () => {
    const first = await tmux.newSession({ name: "s", argv: SLEEP });
    const second = await tmux.newWindow({ session: "=s", name: "w", argv: SLEEP });
    const paneOptions = { "@cco-session": "one" };
    await tmux.run([["select-window", "-t", first.windowId]]);
    const pane = await tmux.splitAndRun({ window: second.windowId, argv: SLEEP, paneOptions });
    await tmux.splitAndRun({ window: first.windowId, argv: SLEEP });
    expect(await tmux.findPaneByOption("@cco-session", "one")).toBe(pane);
    const active = (await tmux.listPanes(null))
      .filter((one) => one.active)
      .map((one) => one.paneId);
    expect(active.sort()).toEqual([first.paneId, second.paneId].sort());
  });

  test("a program that ends at once is kept all the same", async () => {
    const { windowId } = await tmux.newSession({ name: "s", argv: SLEEP });
    const pane = await tmux.splitAndRun({ window: windowId, argv: ["true"] });
    await until(() => ended(pane));
    await tmux.killPane(pane);
  });

  test("no room for one more pane is told", async () => {
    const size = { columns: 4, rows: 4 };
    const { windowId } = await tmux.newSession({ name: "s", argv: SLEEP, size });
    const fill = async () => {
      for (let count = 0; count < 10; count += 1) {
        await tmux.splitAndRun({ window: windowId, argv: SLEEP });
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: "NO_SPACE" });
  });

  test("a paste arrives whole, bracketed, and its Enter after it", async () => {
    // Asks for bracketed paste, then shows what it reads.
    const script = "stty -echo -icanon; printf '\\033[?2004hready'; cat -v";
    const { paneId } = await tmux.newSession({
      name: "s",
      argv: ["sh", "-c", script],
      size: { columns: 200, rows: 30 },
    });
    const screen = () => tmux.capturePane(paneId);
    await until(async () => (await screen()).includes("ready"));
    await tmux.pasteText(paneId, "one; two\\;\n#{three} ü");
    // In this mode a terminal sends line breaks as they are; cat shows the brackets.
    await until(async () => (await screen()).includes("^[[201~"));
    expect(await screen()).toMatch(/\^\[\[200~one; two\\;\s+#\{three\} M-CM-<\^\[\[201~/);
    await expect(tmux.pasteText("%99", "x")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await tmux.run([["list-buffers"]])).toBe("");
  });
});

describe("options", () => {
  test("are set, shown and unset in each scope", async () => {
    const { sessionId, windowId, paneId } = await tmux.newSession({ name: "s", argv: SLEEP });
    const scopes = [
      { session: sessionId },
      { session: "=s:" },
      { window: windowId },
      { pane: paneId },
      "global",
      "server",
    ] as const;
    for (const scope of scopes) {
      for (const value of ["-v", "a;", " ✳ ", '"', "$HOME #{x}"]) {
        await tmux.setOption(scope, "@cco-x", value);
        expect(await tmux.showOption(scope, "@cco-x")).toBe(value);
      }
      await tmux.unsetOption(scope, "@cco-x");
      expect(await tmux.showOption(scope, "@cco-x")).toBeNull();
    }
    const missing = [{ session: "=nope:" }, { window: "@99" }, { pane: "%99" }];
    for (const scope of missing) {
      await expect(tmux.showOption(scope, "@x")).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(tmux.setOption(scope, "@x", "1")).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  test("sourceFile", async () => {
    await tmux.newSession({ name: "s", argv: SLEEP });
    const file = join(dir, "extra.conf");
    await expect(tmux.sourceFile(file)).rejects.toMatchObject({ code: "TMUX_FAILED" });
    await tmux.sourceFile(file, { quiet: true });
    writeFileSync(file, "set -g @extra yes\n");
    await tmux.sourceFile(file);
    expect(await tmux.showOption("global", "@extra")).toBe("yes");
  });
});

describe("clients and channels", () => {
  test("a channel wakes who waits, and who waits later", async () => {
    await tmux.newSession({ name: "s", argv: SLEEP });
    const waiting = tmux.waitFor("-c");
    await tmux.signalChannel("-c");
    await waiting;
    await tmux.signalChannel("later");
    await tmux.waitFor("later");
    await expect(tmux.waitFor("never", { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: "COMMAND_ABORTED",
    });
  });

  test("a client is switched to an exact window", async () => {
    await tmux.newSession({ name: "one", argv: SLEEP });
    const { sessionId, windowId } = await tmux.newSession({ name: "two", argv: SLEEP });
    await tmux.newWindow({ session: "=two", argv: SLEEP });
    const [program = "", ...args] = tmux.attachArgv("=one:");
    const quoted = [program, ...args].map((each) => `'${each}'`).join(" ");
    const script = spawn("script", ["-qfc", quoted, "/dev/null"], { cwd: dir, env, stdio: "pipe" });
    const clients = () => tmux.run([["list-clients", "-F", "#{client_name} #{session_name}"]]);
    await until(async () => (await clients()).endsWith(" one\n"));
    const [client = ""] = (await clients()).split(" ");
    await tmux.switchClient(`${sessionId}:${windowId}`, client);
    expect(await clients()).toBe(`${client} two\n`);
    await expect(tmux.switchClient("=tw", client)).rejects.toMatchObject({ code: "NOT_FOUND" });
    const ended = new Promise((resolve) => script.once("exit", resolve));
    await tmux.killServer();
    await ended;
  });
});

test("the version of the installed tmux is enough", async () => {
  expect((await tmux.requireVersion()).major).toBeGreaterThanOrEqual(3);
});

test("a missing tmux is not a missing session", async () => {
  const none = new TmuxClient(new ExecaRunner({ env: { PATH: dir } }));
  await expect(none.hasSession("x")).rejects.toMatchObject({ code: "TMUX_MISSING" });
});
