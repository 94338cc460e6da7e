import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { turnScript, type TurnRules } from "@cco/backend";
import { describe, expect, it } from "vitest";

import { hasTmux } from "../../../test/support/tmux.js";
import { waitFor } from "../../../test/support/wait-for.js";
import { run, SHELLS, testTerminal } from "./launch-support.js";

/** An agent that says on its own channel what it is told to say, line by line. */
const SAYS = 'while read -r line; do printf "%s\\n" "$line" >"$CCO_TURN"; done';

/** A terminal whose box keeps what there is by writing a line into `kept`. */
function withTurns(shell: string, rules: TurnRules = {}, after = "echo kept >>kept") {
  const made = testTerminal(shell);
  const agent = `box_agent() { cd "${made.dir}" && exec sh -c "$(cat "$CCO_CTL/inside")" cco "$@"; }`;
  const keeps = `box_after() { cd "${made.dir}" && ${after}; }`;
  writeFileSync(join(made.ctl, "box.sh"), `${agent}\n${keeps}\n${turnScript(rules)}`);
  const kept = (): number =>
    existsSync(join(made.dir, "kept"))
      ? readFileSync(join(made.dir, "kept"), "utf8").split("\n").length - 1
      : 0;
  const becomes = (state: object): Promise<unknown> =>
    waitFor(async () => {
      const now = await made.terminal.state();
      return Object.entries(state).every(([key, value]) => now[key as keyof typeof now] === value);
    });
  return { ...made, kept, becomes };
}

/** Whether a process works in a folder (Linux). */
function processesIn(dir: string): boolean {
  return readdirSync("/proc").some((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === dir;
    } catch {
      return false;
    }
  });
}

const soon = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe.skipIf(!hasTmux())("turns", () => {
  describe.each(SHELLS)("under %s", (shell) => {
    it("tells a turn's end after keeping what there is, and a new turn", async () => {
      const { terminal, kept, becomes } = withTurns(shell);
      await terminal.start(["sh", "-c", SAYS]);
      const settled = terminal.settled();
      await terminal.send("finished");
      expect(await settled).toMatchObject({ kind: "running", waiting: "finished" });
      expect(kept()).toBe(1);
      expect(await terminal.settled()).toMatchObject({ waiting: "finished" });

      await terminal.send("working");
      await becomes({ kind: "running", waiting: undefined });
      await terminal.send("person");
      await becomes({ waiting: "person" });
      const again = terminal.settled();
      await terminal.send("finished");
      expect(await again).toMatchObject({ waiting: "finished" });
      await terminal.stop();
      expect(await terminal.state()).toMatchObject({ kind: "ended", end: { signal: "TERM" } });
      await waitFor(() => kept() === 3);
    });

    it("does not take a turn for over that is followed by another while it keeps", async () => {
      const { terminal, dir, ctl } = withTurns(
        shell,
        {},
        "touch keeping; until [ -e go ]; do sleep 0.02; done",
      );
      await terminal.start(["sh", "-c", SAYS]);
      await terminal.send("finished");
      await waitFor(() => existsSync(join(dir, "keeping")));
      await terminal.send("working");
      await terminal.send("person");
      await waitFor(
        async () => (await terminal.state()).kind === "running" && existsSync(join(ctl, "waiting")),
      );
      writeFileSync(join(dir, "go"), "");
      await terminal.send("working");
      await waitFor(() => !existsSync(join(ctl, "waiting")));
      expect(await terminal.state()).not.toHaveProperty("waiting");
      await terminal.stop();
    });

    it("types on into an agent whose usage limit is over", async () => {
      const { terminal, dir, kept, becomes } = withTurns(shell, { text: "go on, it's time" });
      const resumes = soon(1);
      const agent = `echo "usage-limit reached|${String(resumes)}" >"$CCO_TURN"; read -r line; echo "$line" >said; ${SAYS}`;
      await terminal.start(["sh", "-c", agent]);
      await waitFor(() => existsSync(join(dir, "said")));
      expect(readFileSync(join(dir, "said"), "utf8")).toBe("go on, it's time\n");
      expect(soon(0)).toBeGreaterThanOrEqual(resumes);
      expect(kept()).toBe(1);
      await becomes({ kind: "running", waiting: undefined });
      await terminal.stop();
    });

    it.each([
      ["said on the channel", 'echo "usage-limit x|$1" >"$CCO_TURN"; exit 1'],
      ["seen in its output", 'echo "Limit hit|$1"; exit 1'],
    ])("starts again one that exited, its limit %s", async (_how, script) => {
      const again = ["sh", "-c", 'echo "$1" >again; exit 3', "x", 'it\'s "me"'];
      const { terminal, dir, kept } = withTurns(shell, {
        again,
        limitPatterns: ["never", "[Ll]imit (hit|reached)"],
      });
      await terminal.start(["sh", "-c", script, "x", String(soon(1))]);
      expect(await terminal.ended()).toMatchObject({ reason: "exit", exitCode: 3 });
      expect(readFileSync(join(dir, "again"), "utf8")).toBe('it\'s "me"\n');
      await waitFor(() => kept() === 2);
    });

    it("an agent that waits for its limit can be stopped", async () => {
      const { terminal, becomes } = withTurns(shell, { again: ["true"], limitPatterns: ["limit"] });
      const resumes = soon(5000);
      await terminal.start(["sh", "-c", `echo "limit|${String(resumes)}"; exit 7`]);
      await becomes({ kind: "running", waiting: "usage-limit" });
      expect(await terminal.state()).toMatchObject({ resumesAt: new Date(resumes * 1000) });
      await terminal.stop();
      expect(await terminal.ended()).toMatchObject({ reason: "exit", exitCode: 7 });
    });

    it("does not go on after success, nor without a limit", async () => {
      const rules = { again: ["sh", "-c", "touch again"], limitPatterns: ["limit"] };
      for (const [script, exitCode] of [
        ["echo limit; exit 0", 0],
        ["echo other; exit 9", 9],
      ] as const) {
        const { terminal, dir } = withTurns(shell, rules);
        await terminal.start(["sh", "-c", script]);
        expect(await terminal.ended()).toMatchObject({ exitCode });
        expect(existsSync(join(dir, "again"))).toBe(false);
      }
    });

    it("tells of a question on the screen, until the first turn begins", async () => {
      const { terminal, becomes } = withTurns(shell, {
        dialogPatterns: ["never", "Do you trust .*\\?"],
        loginPatterns: ["Log in first"],
      });
      const agent = [
        "echo 'Do you trust this folder?'; read -r line; printf '\\033[2J\\033[HLog in first'",
        "read -r line; printf '\\033[2J\\033[Hready '; read -r line",
        `echo 'Do you trust me?'; ${SAYS}`,
      ];
      await terminal.start(["sh", "-c", agent.join("; ")]);
      await becomes({ kind: "running", waiting: "person" });
      await terminal.send("yes");
      await becomes({ waiting: "login" });
      await terminal.send("done");
      await becomes({ kind: "running", waiting: undefined });
      await terminal.send("next");
      await becomes({ waiting: "person" });
      await terminal.send("working");
      await becomes({ kind: "running", waiting: undefined });
      await terminal.send("finished");
      expect(await terminal.settled()).toMatchObject({ waiting: "finished" });
      await terminal.stop();
    });

    it("looks no longer once the agent has ended", async () => {
      const { terminal, ctl } = withTurns(shell, { dialogPatterns: ["trust"] });
      await terminal.start(["sh", "-c", "echo trust; sleep 1.2"]);
      expect(await terminal.ended()).toMatchObject({ reason: "exit", exitCode: 0 });
      await waitFor(() => !processesIn(ctl));
    });

    it("is moved by no word it does not know, however much is written", async () => {
      const { terminal, ctl, becomes } = withTurns(shell);
      const noise =
        'head -c 300000 /dev/zero >"$CCO_TURN"; head -c 300000 /dev/urandom >"$CCO_TURN"; printf "\\nfinished now\\n$(date)\\n\\n" >"$CCO_TURN"';
      await terminal.start(["sh", "-c", `${noise}; touch written; ${SAYS}`]);
      await waitFor(() => existsSync(join(ctl, "..", "written")));
      expect(await terminal.state()).not.toHaveProperty("waiting");
      await terminal.send("person");
      await becomes({ waiting: "person" });
      await terminal.stop();
    });
  });

  it("its supervisor stays under 5 MB", async () => {
    const { terminal, ctl } = withTurns("/bin/sh");
    await terminal.start(["sh", "-c", SAYS]);
    const [pid = ""] = readFileSync(join(ctl, "pid"), "utf8").split(" ");
    // The supervisor, and of its children the shell that listens; not the agent.
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const ours = [pid, ...children].filter((id) =>
      readFileSync(`/proc/${id}/cmdline`, "utf8").includes("--supervise"),
    );
    expect(ours.length).toBeGreaterThan(1);
    const pss = ours.map((id) => {
      const [, kilobytes = "0"] =
        /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8")) ?? [];
      return Number(kilobytes);
    });
    expect(pss.reduce((sum, kilobytes) => sum + kilobytes, 0)).toBeLessThan(5 * 1024);
    await terminal.stop();
  });

  it.each([
    ["usage limit reached|1767225600", "2025-12-31T20:00:00Z", "2026-01-01T00:00:00Z"],
    ["You've hit your limit · resets 3:30pm (UTC)", "2026-01-01T10:00:00Z", "2026-01-01T15:30:00Z"],
    ["resets 9am (UTC)", "2026-01-01T10:00:00Z", "2026-01-02T09:00:00Z"],
    ["resets 12am (America/New_York)", "2026-01-01T10:00:00Z", "2026-01-02T05:00:00Z"],
    ["resets Jan 3, 12pm (Europe/Berlin)", "2025-12-31T23:30:00Z", "2026-01-03T11:00:00Z"],
    ["resets Mar 1 at 5am (UTC)", "2028-02-27T05:00:00Z", "2028-03-01T05:00:00Z"],
    ["try again at 2026-01-31T10:00:00Z", "2026-01-31T09:00:00Z", "2026-01-31T10:00:00Z"],
    ["try again in 2 hours 5 minutes", "2026-01-31T09:00:00Z", "2026-01-31T11:05:00Z"],
    ["resets in 1d 2h", "2026-01-31T09:00:00Z", "2026-02-01T11:00:00Z"],
    ["Request rejected (429) · Too much", "2026-01-31T09:00:00Z", "2026-01-31T09:05:00Z"],
    ["limit|99999999999999", "2026-01-31T09:00:00Z", "2026-01-31T09:05:00Z"],
    ["limit|17", "2026-01-31T09:00:00Z", "2026-01-31T09:05:00Z"],
    ["$(touch x) `x` (../../etc/passwd)", "2026-01-31T09:00:00Z", "2026-01-31T09:05:00Z"],
  ])("reads when a limit ends: %s", async (words, now, ends) => {
    const { ctl } = testTerminal("/bin/sh");
    const seconds = String(Date.parse(now) / 1000);
    // The script's own function, with a clock that stands still.
    const launch = readFileSync(join(ctl, "launch"), "utf8");
    const body = /^limit_end\(\) \{[^]*?^\}$/m.exec(launch)?.[0] ?? "";
    const clock = `date() { case $1 in +%s) echo ${seconds} ;; *) command date -d @${seconds} "$@" ;; esac; }`;
    const { stdout } = await run("sh", [
      "-c",
      `${clock}\n${body}\nlimit_end "$1"; echo "$ends"`,
      "x",
      words,
    ]);
    expect(new Date(Number(stdout) * 1000).toISOString()).toBe(new Date(ends).toISOString());
  });
});
