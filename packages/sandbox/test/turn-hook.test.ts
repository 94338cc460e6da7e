import { execFile, execFileSync, spawnSync } from "node:child_process";
import { openSync, readSync, closeSync, constants } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";

const HOOK = fileURLToPath(new URL("../src/agents/claude-turn.sh", import.meta.url));
const SHELLS = ["dash", "busybox sh", "bash --posix"].filter(
  (shell) => spawnSync(shell.split(" ")[0] ?? "", ["--help"]).error === undefined,
);

/** What the hook writes for an event, `""` where it says nothing. */
async function told(shell: string, word: string, input: object): Promise<string> {
  const fifo = join(makeTempDir(), "turn");
  execFileSync("mkfifo", [fifo]);
  const file = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const [program = "", ...flags] = shell.split(" ");
  await new Promise<void>((resolve, reject) => {
    const child = execFile(
      program,
      [...flags, HOOK, word],
      { env: { PATH: process.env["PATH"], CCO_TURN: fifo } },
      (error) => {
        if (error === null) resolve();
        else reject(new Error(error.message));
      },
    );
    child.stdin?.end(JSON.stringify(input));
  });
  const bytes = Buffer.alloc(8192);
  try {
    return bytes.subarray(0, readSync(file, bytes)).toString();
  } catch {
    return "";
  } finally {
    closeSync(file);
  }
}

const LIMIT = "API Error: Request rejected (429) · Usage limit reached|1767225600";

describe.each(SHELLS)("the hook of claude under %s", (shell) => {
  test.each([
    ["working", {}, "working\n"],
    ["person", {}, "person\n"],
    ["stop", { background_tasks: [], session_crons: [] }, "finished\n"],
    ["stop", { last_assistant_message: 'x "background_tasks":[{' }, "finished\n"],
    ["stop", { background_tasks: [{ id: "b1" }] }, ""],
    ["failure", { error: "server_error" }, "person\n"],
    ["failure", { error: "authentication_failed" }, "login\n"],
    ["other", {}, ""],
  ])("%s, %j", async (word, input, said) => {
    expect(await told(shell, word, input)).toBe(said);
  });

  test("a limit with its words on one line", async () => {
    const input = { error: "rate_limit", last_assistant_message: LIMIT };
    expect(await told(shell, "failure", input)).toBe(`usage-limit ${LIMIT}"}\n`);
  });

  test("a message over 1 MB", async () => {
    const input = { last_assistant_message: "x".repeat(1_200_000), background_tasks: [] };
    expect(await told(shell, "stop", input)).toBe("finished\n");
  });

  test("does nothing where nobody listens", () => {
    const [program = "", ...flags] = shell.split(" ");
    const { status } = spawnSync(program, [...flags, HOOK, "stop"], {
      env: { PATH: process.env["PATH"] },
      input: "{}",
    });
    expect(status).toBe(0);
  });
});
