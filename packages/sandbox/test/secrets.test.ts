import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { configured, BUILT_IN_AGENTS, Sandbox } from "@cco/sandbox";
import { ExecaRunner } from "@cco/exec";
import { expect, onTestFinished, test } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";
import { claudeFixture, KEY } from "./claude-support.js";
import { FakeBackend, onThisMachine } from "./fake-backend.js";

/**
 * As claude: asks its API once, then looks for the key in every variable, argument, file and memory
 * it can read. What it looks for by is not the key itself.
 */
const SEARCHING = `#!/usr/bin/env node
const fs = require("node:fs");
const { execFileSync } = require("node:child_process");
const mark = Buffer.from(["zq", 9, "-"].join(""));
const found = [];
let looked = 0;
const look = (where, bytes) => {
  looked += bytes.length;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    if (/^[0-9a-f]{16}-Q/.test(bytes.toString("latin1", at + 4, at + 22))) found.push(where);
  }
};
const attempt = (work) => { try { return work(); } catch { return undefined; } };

function memory(pid) {
  const maps = attempt(() => fs.readFileSync("/proc/" + pid + "/maps", "latin1")) ?? "";
  const mem = attempt(() => fs.openSync("/proc/" + pid + "/mem", "r"));
  if (mem === undefined) return;
  for (const line of maps.split("\\n")) {
    const [, from, to, mode] = /^([0-9a-f]+)-([0-9a-f]+) (\\S+)/.exec(line) ?? [];
    if (mode === undefined || !mode.startsWith("rw")) continue;
    let at = BigInt("0x" + from);
    const end = BigInt("0x" + to);
    if (end - at > 256n * 1024n * 1024n) continue;
    const chunk = Buffer.alloc(1 << 20);
    while (at < end) {
      const size = attempt(() => fs.readSync(mem, chunk, 0, Number(end - at < 1048576n ? end - at : 1048576n), at));
      if (!size) break;
      look("memory of " + pid, chunk.subarray(0, size));
      at += BigInt(size);
    }
  }
}

function files(folder) {
  for (const entry of attempt(() => fs.readdirSync(folder, { withFileTypes: true })) ?? []) {
    const path = folder + "/" + entry.name;
    if (entry.isDirectory()) files(path);
    // What is mounted over a file is not always one.
    else if (attempt(() => fs.statSync(path).isFile())) look(path, attempt(() => fs.readFileSync(path)) ?? Buffer.alloc(0));
  }
}

(async () => {
  const answer = await fetch(process.env.ANTHROPIC_BASE_URL + "/v1/messages", {
    method: "POST",
    headers: { "x-api-key": process.env.ANTHROPIC_API_KEY },
    body: "{}",
  });
  look("variables", Buffer.from(JSON.stringify(process.env)));
  look("arguments", Buffer.from(process.argv.join(" ")));
  for (const pid of fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    for (const name of ["environ", "cmdline"]) {
      look(name + " of " + pid, attempt(() => fs.readFileSync("/proc/" + pid + "/" + name)) ?? Buffer.alloc(0));
    }
    memory(pid);
  }
  for (const folder of ["/home", "/workspace", "/exchange", "/run", "/tmp", "/etc", "/opt", "/var"]) files(folder);
  fs.writeFileSync("report.json", JSON.stringify({ answer: await answer.text(), found, looked }));
  execFileSync("git", ["add", "report.json"]);
  execFileSync("git", ["commit", "-qm", "report"]);
  fs.writeFileSync(process.env.CCO_TURN, "finished\\n");
  process.stdin.resume();
})();
`;

interface Report {
  readonly answer: string;
  readonly found: readonly string[];
  readonly looked: number;
}

/** An API that keeps the headers it was asked with. */
async function api(): Promise<{ url: string; asked: IncomingHttpHeaders[] }> {
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    request.resume().on("end", () => response.end("answered"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, asked };
}

/** Regular files below a folder whose bytes hold `needle`. */
function holding(folder: string, needle: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .filter((path) => readFileSync(path).includes(needle));
}

test("on the local box the key is nowhere in the guest, and nowhere that is written down", async () => {
  const { url, asked } = await api();
  const { repo, sandbox, start, dataDir, events } = claudeFixture(SEARCHING, {
    ANTHROPIC_BASE_URL: url,
  });
  const id = await start("any", true);
  expect(await sandbox.wait(id)).toMatchObject({ waiting: "finished" });
  expect(asked).toMatchObject([{ "x-api-key": KEY }]);

  // All that cco and the guest keep: records, logs, control folder, workspace, exchange, home.
  expect(holding(dataDir, KEY)).toEqual([]);
  const tmux = (...args: string[]): string =>
    execFileSync("tmux", ["-S", "tty", ...args], {
      cwd: join(dataDir, "guests", id, "ctl"),
      encoding: "utf8",
    });
  for (const args of [
    ["show-options", "-s"],
    ["show-options", "-g"],
    ["show-options", "-A"],
    ["show-environment", "-g"],
    ["show-environment", "-t", "=agent"],
  ]) {
    expect(tmux(...args)).not.toContain(KEY);
  }
  const argv = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`).includes(KEY);
      } catch {
        return false;
      }
    });
  expect(argv).toEqual([]);
  expect(JSON.stringify([events, await sandbox.get(id)])).not.toContain(KEY);

  await sandbox.pull(id);
  const report = JSON.parse(repo.git("show", "HEAD:report.json")) as Report;
  expect(report).toMatchObject({ answer: "answered", found: [] });
  expect(report.looked).toBeGreaterThan(1024 * 1024);
}, 240_000);

test("where the box has no relay: a file that only the agent reads, and nothing written down", async () => {
  const repo = TestRepo.withCommit();
  repo.write({ "plan.md": "# Plan\n" });
  const dir = makeTempDir();
  const env = { ...repo.env, ANTHROPIC_API_KEY: KEY, OTHER: "x y" };
  const runner = new ExecaRunner({ env: repo.env });
  const backend = new FakeBackend({ exec: onThisMachine(runner), dir: join(dir, "guests") });
  const agents = BUILT_IN_AGENTS.map((profile) =>
    profile.name === "claude"
      ? configured(profile, { env: ["ANTHROPIC_API_KEY", "OTHER"] })
      : profile,
  );
  const dataDir = join(dir, "data");
  const sandbox = new Sandbox({ backend, runner, dataDir, env, agents });
  const { sessionId: id, command } = await sandbox.prepare({
    repoRoot: repo.dir,
    planPath: "plan.md",
  });
  expect(command).toContain("claude --dangerously-skip-permissions");
  expect(command).not.toContain(KEY);
  expect(holding(dataDir, KEY)).toEqual([]);

  const home = backend.here.get(id)?.paths.home ?? "";
  const file = join(home, ".cco/secrets");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(holding(home, KEY)).toEqual([file]);
  const started = execFileSync("sh", [join(home, ".cco/start"), "sh", "-c", "echo $OTHER; env"], {
    env: { PATH: process.env["PATH"], HOME: home },
    encoding: "utf8",
  });
  expect(started).toMatch(/^x y\n/);
  expect(started).toContain(`ANTHROPIC_API_KEY=${KEY}\n`);
});

test("a key that comes back in a commit is refused", async () => {
  const { sandbox, start } = claudeFixture(
    `#!/bin/sh\necho ${KEY} >leak; git add leak; git commit -qm leak; echo finished >"$CCO_TURN"; read -r x\n`,
  );
  const id = await start("any", true);
  await expect(sandbox.pull(id)).rejects.toMatchObject({
    code: "INTAKE_REFUSED",
    findings: [expect.objectContaining({ rule: "secret", path: "leak" })],
  });
});

test("nothing to log in with is told before anything is made", async () => {
  const { repo, sandbox, backend } = claudeFixture(undefined, { ANTHROPIC_API_KEY: "" });
  repo.write({ "plan.md": "any\n" });
  await expect(sandbox.prepare({ repoRoot: repo.dir, planPath: "plan.md" })).rejects.toMatchObject({
    code: "AGENT_NOT_LOGGED_IN",
  });
  expect((await backend.guests()).size).toBe(0);
  expect(await sandbox.login("claude")).toMatchObject({ by: null });
});
