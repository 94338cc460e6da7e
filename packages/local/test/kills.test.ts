import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Guest } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { describe, expect, it } from "vitest";

import { waitFor } from "../../../test/support/wait-for.js";
import { END_EXEC } from "../src/scripts.js";
import { processesWith, testBox, unavailable, uniqueSleep, type TestBox } from "./local-support.js";

interface Session {
  readonly guest: Guest;
  readonly ctl: string;
  /** The argument by which the agent and its background child are found. */
  readonly mark: string;
  /** The first number in a file of the control folder. */
  read(file: string): number;
  /** What the terminal's server says about its only pane. */
  tmux(...args: string[]): string;
}

describe.skipIf(unavailable !== null)(`killed processes: ${unavailable ?? "ready"}`, () => {
  const box = testBox();

  async function session(): Promise<Session> {
    const guest = await box.guest();
    const mark = uniqueSleep();
    // A child in a session of its own: nothing of the terminal reaches it.
    const script = `trap "" HUP TERM INT; setsid sleep ${mark} & sleep ${mark}; wait`;
    await guest.terminal.start(["sh", "-c", script]);
    await waitFor(() => processesWith(mark).length === 2, { what: "the agent" });
    const ctl = box.ctl(guest);
    return {
      guest,
      ctl,
      mark,
      read: (file) => Number(readFileSync(join(ctl, file), "utf8").split(" ")[0]),
      tmux: (...args) =>
        execFileSync("tmux", ["-S", "tty", ...args], { cwd: ctl, env: box.env })
          .toString()
          .trim(),
    };
  }

  function children(pid: number): number[] {
    const path = `/proc/${String(pid)}/task/${String(pid)}/children`;
    return readFileSync(path, "utf8").split(" ").filter(Boolean).map(Number);
  }

  const ways: [string, string, (session: Session) => void][] = [
    ["the supervisor", "killed", ({ read }) => process.kill(read("pid"), "SIGKILL")],
    [
      "the terminal's server",
      "killed",
      ({ tmux }) => process.kill(Number(tmux("display-message", "-p", "#{pid}")), "SIGKILL"),
    ],
    ["the terminal's server, politely", "killed", ({ tmux }) => void tmux("kill-server")],
    ["the terminal's pane", "killed", ({ tmux }) => void tmux("kill-pane", "-t", "=agent:")],
    [
      "the sandbox program",
      "killed",
      ({ read }) => {
        for (const pid of children(read("pid"))) process.kill(pid, "SIGKILL");
      },
    ],
    [
      "the sandbox's first process",
      "signal",
      ({ ctl }) => {
        const up = readFileSync(join(ctl, "up"), "utf8").split(" ");
        process.kill(Number(up[1]), "SIGKILL");
      },
    ],
  ];

  it.each(ways)("%s: nothing survives, the end is told", async (_name, reason, kill) => {
    const running = await session();
    const ended = running.guest.ended();
    kill(running);
    expect(await ended).toMatchObject({ endedBy: "observed", reason });
    expect(processesWith(running.mark)).toEqual([]);
    expect(await running.guest.state()).toMatchObject({ kind: "ended", end: { reason } });
    expect(await running.guest.ended()).toMatchObject({ reason });
  });

  it("the watcher: the session goes on, its end is told", async () => {
    const { guest, mark, read } = await session();
    const ended = guest.ended();
    process.kill(read("watcher"), "SIGKILL");
    expect((await guest.state()).kind).toBe("running");
    await guest.stop({ graceMs: 0 });
    expect(await ended).toMatchObject({ reason: "signal", signal: "KILL", exitCode: 137 });
    expect(processesWith(mark)).toEqual([]);
  });

  it("an agent that kills all it can see ends itself only, and cannot say how", async () => {
    const guest = await box.guest();
    await guest.terminal.start(["sh", "-c", "kill -9 1; kill -9 -1; sleep 1; exit 0"]);
    expect(await guest.ended()).toMatchObject({ endedBy: "observed" });
    expect((await guest.exec(["true"])).exitCode).toBe(0);
  });

  it("a restarted machine: the session ended with it", async () => {
    const { guest, ctl, mark, read } = await session();
    process.kill(read("pid"), "SIGKILL");
    await waitFor(() => processesWith(mark).length === 0);
    await waitFor(async () => (await guest.state()).kind === "ended");
    await waitFor(() => execFileSync("ls", [ctl]).includes("log.done"));
    // As a restart leaves it: nobody recorded an end, the boot is another one.
    execFileSync("rm", ["-f", join(ctl, "ended"), join(ctl, "screen")]);
    const started = readFileSync(join(ctl, "started"), "utf8").split(" ");
    writeFileSync(join(ctl, "started"), ["another-boot", ...started.slice(1)].join(" "));
    expect(await guest.ended()).toMatchObject({ exitCode: null, reason: "host-restart" });
    const all = await box.backend.guests();
    expect(all.get(guest.id)).toMatchObject({ kind: "ended", end: { reason: "host-restart" } });
    expect((await guest.exec(["pwd"])).stdout.toString().trim()).toBe(guest.paths.workspace);
  });

  it("closing a guest ends what runs in it, whoever started it", async () => {
    const { guest, mark } = await session();
    const beside = uniqueSleep();
    const running = guest.exec(["sleep", beside]);
    await waitFor(() => processesWith(beside).length > 0, { what: "the program beside" });
    await box.backend.closeGuest(guest.id);
    expect((await running).exitCode).not.toBe(0);
    expect([...processesWith(mark), ...processesWith(beside)]).toEqual([]);
    expect((await box.backend.guests()).has(guest.id)).toBe(false);
  });

  /** Programs of a guest, each interrupted half a millisecond later than the one before. */
  async function interrupted(box: TestBox, check: (mark: string, guest: Guest) => Promise<void>) {
    for (let after = 0; after < 40; after += 1) {
      const guest = await box.guest();
      const mark = uniqueSleep();
      const stop = new AbortController();
      const running = guest.exec(["sleep", mark], { signal: stop.signal });
      // A sandbox is up some ten milliseconds after its start.
      await new Promise((resolve) => setTimeout(resolve, after / 2));
      stop.abort();
      await expect(running).rejects.toMatchObject({ code: "COMMAND_ABORTED" });
      await check(mark, guest);
    }
  }

  it("a program that is interrupted in its first milliseconds has ended", async () => {
    await interrupted(box, (mark) => {
      expect(processesWith(mark)).toEqual([]);
      return Promise.resolve();
    });
  });

  it("closing a guest ends what nobody ended who interrupted it", async () => {
    const here = new ExecaRunner({ env: box.env });
    const apart = testBox({
      runner: {
        run: (argv, options) =>
          argv.includes(END_EXEC) ? Promise.reject(new Error("gone")) : here.run(argv, options),
        hostArgv: (argv) => here.hostArgv(argv),
      },
    });
    await interrupted(apart, async (mark, guest) => {
      await apart.backend.closeGuest(guest.id);
      await waitFor(() => processesWith(mark).length === 0, { what: "the end of all" });
    });
  });

  it("closing a guest again removes what an interrupted closing left", async () => {
    const apart = testBox();
    const guest = await apart.guest();
    const guests = join(apart.dataDir, "guests");
    // Out of sight already, and not removed yet; of a longer id too.
    for (const left of [`.${guest.id}.4194999`, `.${guest.id}0.4194999`]) {
      mkdirSync(join(guests, left, "workspace"), { recursive: true });
    }
    await apart.backend.closeGuest(guest.id);
    expect(readdirSync(guests)).toEqual([`.${guest.id}0.4194999`]);
    mkdirSync(join(guests, `.${guest.id}.4194999`, "workspace"), { recursive: true });
    await apart.backend.closeGuest(guest.id);
    expect(readdirSync(guests)).toEqual([`.${guest.id}0.4194999`]);
  });

  it("closing a guest removes folders that nobody may enter, and follows no link", async () => {
    const guest = await box.guest();
    const outside = join(box.dir, "outside");
    execFileSync("sh", [
      "-c",
      'mkdir "$1" && echo kept >"$1/file" && chmod 700 "$1"',
      "x",
      outside,
    ]);
    const script = `mkdir -p a/b/c && echo x >a/b/c/f && ln -s ${outside} link && ln -s ${outside}/file a/b/file &&
      chmod 000 a/b/c a/b a`;
    expect((await guest.exec(["sh", "-c", script])).exitCode).toBe(0);
    await box.backend.closeGuest(guest.id);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("kept\n");
    expect(execFileSync("ls", ["-A", join(box.dataDir, "guests")]).toString()).not.toContain(
      guest.id,
    );
  });
});
