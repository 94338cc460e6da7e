import { RunError } from "@cco/exec";
import { FakeRunner } from "@cco/exec/testing";
import { describe, expect, test } from "vitest";

import { TmuxClient } from "./client.js";
import { TmuxError } from "./errors.js";

const tmux = (...args: string[]): string[] => ["tmux", "-u", "-L", "cco", ...args];

describe("pane operations", () => {
  const split = tmux(...["split-window", "-h", "-t", "sess:win", "-d", "-P", "-F", "#{pane_id}"]);
  const panes = tmux("list-panes", "-s", "-t", "sess", "-F", "#{pane_id} #{pane_title}");

  test("splitWindow returns the new pane", async () => {
    const runner = new FakeRunner().expect(split, { stdout: "%42\n" });
    expect(await new TmuxClient(runner).splitWindow("sess", "win")).toBe("%42");
  });

  test("splitWindow says that it failed and why", async () => {
    const runner = new FakeRunner().expect(split, { exitCode: 1, stderr: "error\n" });
    await expect(new TmuxClient(runner).splitWindow("sess", "win")).rejects.toThrow(
      "split-window failed: error",
    );
  });

  test("selectLayout", async () => {
    const runner = new FakeRunner().expect(
      tmux("select-layout", "-t", "sess:win", "even-horizontal"),
    );
    await new TmuxClient(runner).selectLayout("sess", "win", "even-horizontal");
    runner.assertDone();
  });

  test("setPaneTitle", async () => {
    const runner = new FakeRunner().expect(tmux("select-pane", "-t", "%42", "-T", "abc123"));
    await new TmuxClient(runner).setPaneTitle("%42", "abc123");
    runner.assertDone();
  });

  test("sendKeysToPane", async () => {
    const runner = new FakeRunner().expect(tmux("send-keys", "-t", "%42", "echo hi", "C-m"));
    await new TmuxClient(runner).sendKeysToPane("%42", "echo hi");
    runner.assertDone();
  });

  test("findPaneByTitle finds it", async () => {
    const runner = new FakeRunner().expect(panes, { stdout: "%10 main\n%42 abc123\n" });
    expect(await new TmuxClient(runner).findPaneByTitle("sess", "abc123")).toBe("%42");
  });

  test.each(["%10 main\n", "%10 xabc123\n", "%10 abc123 \n", ""])(
    "findPaneByTitle does not find it in %j",
    async (stdout) => {
      const runner = new FakeRunner().expect(panes, { stdout });
      await expect(new TmuxClient(runner).findPaneByTitle("sess", "abc123")).rejects.toThrow(
        "not found",
      );
    },
  );

  test("killPane", async () => {
    const runner = new FakeRunner().expect(tmux("kill-pane", "-t", "%42"));
    await new TmuxClient(runner).killPane("%42");
    runner.assertDone();
  });
});

describe("which server", () => {
  test.each([
    [{}, ["tmux", "-u", "-L", "cco"]],
    [{ socketName: "x" }, ["tmux", "-u", "-L", "x"]],
    [{ socketPath: "tty", utf8: false }, ["tmux", "-S", "tty"]],
    [{ configFile: "/etc/c" }, ["tmux", "-u", "-L", "cco", "-f", "/etc/c"]],
  ])("%j", async (options, prefix) => {
    const runner = new FakeRunner().expect([...prefix, "kill-server"]);
    expect(await new TmuxClient(runner, options).killServer()).toBe(true);
  });

  test("working directory and environment reach every call", async () => {
    const runner = new FakeRunner().reply();
    await new TmuxClient(runner, { cwd: "/ctl", env: { A: "1" } }).killPane("%1");
    expect(runner.runs[0]?.options).toMatchObject({ cwd: "/ctl", env: { A: "1" } });
  });

  test("attachArgv is for the host", () => {
    const client = new TmuxClient(new FakeRunner(["ssh", "big", "--"]));
    expect(client.attachArgv("=s:")).toEqual([
      ...["ssh", "big", "--", "tmux", "-u", "-L", "cco", "attach-session", "-t", "=s:"],
    ]);
  });
});

describe("a failed question is not a no", () => {
  const absent = [
    "can't find session: api\n",
    "no server running on /tmp/tmux-0/cco\n",
    "error connecting to /tmp/tmux-0/cco (No such file or directory)\n",
    "server exited unexpectedly\n",
  ];
  test.each(absent)("%j: no session", async (stderr) => {
    const failed = { exitCode: 1, stderr };
    const runner = new FakeRunner()
      .expect(tmux("has-session", "-t", "=api"), failed)
      .expect(tmux("kill-session", "-t", "=api"), failed);
    const client = new TmuxClient(runner);
    expect(await client.hasSession("api")).toBe(false);
    expect(await client.killSession("api")).toBe(false);
  });

  test("an unknown refusal is an error", async () => {
    const runner = new FakeRunner().reply({ exitCode: 1, stderr: "protocol version mismatch\n" });
    await expect(new TmuxClient(runner).hasSession("api")).rejects.toMatchObject({
      code: "TMUX_FAILED",
      message: "tmux has-session failed: protocol version mismatch",
    });
  });

  test("a missing tmux is an error with a hint", async () => {
    const error = new RunError("COMMAND_NOT_FOUND", ["tmux"], "tmux: command not found");
    const promise = new TmuxClient(new FakeRunner().reply({ error })).hasSession("api");
    await expect(promise).rejects.toMatchObject({ code: "TMUX_MISSING", cause: error });
    await expect(promise).rejects.toHaveProperty("hint", expect.stringContaining("install tmux"));
  });

  test("another place's shell says 127", async () => {
    const runner = new FakeRunner().reply({ exitCode: 127, stderr: "sh: tmux: not found\n" });
    await expect(new TmuxClient(runner).listSessions()).rejects.toMatchObject({
      code: "TMUX_MISSING",
    });
  });

  test("a time-out stays what it is", async () => {
    const error = new RunError("COMMAND_TIMED_OUT", ["tmux"], "tmux: timed out");
    await expect(new TmuxClient(new FakeRunner().reply({ error })).listSessions()).rejects.toBe(
      error,
    );
  });

  test.each([
    ["can't find window: @7", "NOT_FOUND"],
    ["can't find pane: %7", "NOT_FOUND"],
    ["no such session: =x:", "NOT_FOUND"],
    ["no buffer cco-1", "NOT_FOUND"],
    ["duplicate session: cco-x", "SESSION_EXISTS"],
    ["no space for new pane", "NO_SPACE"],
    ["create window failed: fork failed", "TMUX_FAILED"],
  ])("%s is %s", async (stderr, code) => {
    const runner = new FakeRunner().reply({ exitCode: 1, stderr: `${stderr}\n` });
    const promise = new TmuxClient(runner).killPane("%7");
    await expect(promise).rejects.toBeInstanceOf(TmuxError);
    await expect(promise).rejects.toMatchObject({ code });
  });
});

describe("splitAndRun is one call", () => {
  test("split, mark, title, layout", async () => {
    const runner = new FakeRunner().expect(
      tmux(
        ...["split-window", "-h", "-t", "@3", "-c", "/a##b", "-e", "A=1"],
        ...["-P", "-F", "#{pane_id}", "--", "sh", "launch", "a\\;", ";"],
        ...["set-option", "-p", "-t", "@3", "--", "remain-on-exit", "on", ";"],
        ...["set-option", "-p", "-t", "@3", "--", "@cco-session", "7f3a9c21", ";"],
        ...["select-pane", "-t", "@3", "-T", "7f3a9c21", ";"],
        ...["last-pane", "-t", "@3", ";"],
        ...["select-layout", "-t", "@3", "even-horizontal"],
      ),
      { stdout: "%9\n" },
    );
    const pane = await new TmuxClient(runner).splitAndRun({
      window: "@3",
      argv: ["sh", "launch", "a;"],
      cwd: "/a#b",
      env: { A: "1" },
      title: "7f3a9c21",
      paneOptions: { "@cco-session": "7f3a9c21" },
    });
    expect(pane).toBe("%9");
  });

  test("a program alone is not read by a shell", async () => {
    const runner = new FakeRunner().reply({ stdout: "%9\n" });
    await new TmuxClient(runner).splitAndRun({ window: "@3", argv: ["a b"], remainOnExit: false });
    expect(runner.calls[0]?.slice(11, 17)).toEqual(["--", "sh", "-c", 'exec "$0"', "a b", ";"]);
  });
});

describe("options", () => {
  test("a value may begin with a dash or end with a semicolon", async () => {
    const runner = new FakeRunner().expect(
      tmux("set-option", "-w", "-t", "@1", "--", "@x", "-a\\;"),
    );
    await new TmuxClient(runner).setOption({ window: "@1" }, "@x", "-a;");
    runner.assertDone();
  });

  test("one that is not set is null, a missing target is an error", async () => {
    const runner = new FakeRunner()
      .expect(tmux("show-options", "-p", "-t", "%1", "-v", "--", "@x"), {
        exitCode: 1,
        stderr: "invalid option: @x\n",
      })
      .reply({ exitCode: 1, stderr: "no such pane: %1\n" });
    const client = new TmuxClient(runner);
    expect(await client.showOption({ pane: "%1" }, "@x")).toBeNull();
    await expect(client.showOption({ pane: "%1" }, "@x")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("paste", () => {
  test("a failed one leaves no buffer", async () => {
    const runner = new FakeRunner()
      .reply({ exitCode: 1, stderr: "can't find pane: %9\n" })
      .reply({ exitCode: 0 });
    await expect(new TmuxClient(runner).pasteText("%9", "secret")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    const buffer = runner.calls[0]?.[6];
    expect(buffer).toMatch(/^cco-[0-9a-f]{16}$/);
    expect(runner.runs[0]?.stdin?.toString()).toBe("secret");
    expect(runner.calls[1]).toEqual(tmux("delete-buffer", "-b", buffer ?? ""));
  });

  test("nothing is only Enter", async () => {
    const runner = new FakeRunner().expect(tmux("send-keys", "-t", "%9", "Enter"));
    await new TmuxClient(runner).pasteText("%9", "");
    runner.assertDone();
  });
});

test("waiting has no time limit", async () => {
  const runner = new FakeRunner().reply();
  await new TmuxClient(runner).waitFor("c");
  expect(runner.runs[0]?.options.timeoutMs).toBeUndefined();
});

describe("version", () => {
  test.each([
    ["tmux 3.1c\n", false],
    ["tmux 2.9\n", false],
    ["tmux 3.2\n", true],
    ["tmux 3.3a\n", true],
    ["tmux 3.10\n", true],
    ["tmux next-3.5\n", true],
    ["tmux master\n", true],
    ["tmux openbsd-7.5\n", true],
  ])("%j enough: %s", async (stdout, enough) => {
    const runner = new FakeRunner().expect(tmux("-V"), { stdout });
    const promise = new TmuxClient(runner).requireVersion();
    if (enough) await expect(promise).resolves.toHaveProperty("major");
    else await expect(promise).rejects.toMatchObject({ code: "TMUX_TOO_OLD" });
  });
});
