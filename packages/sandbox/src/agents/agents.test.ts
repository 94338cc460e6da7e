import { describe, expect, test } from "vitest";

import { claude } from "./claude.js";
import { agentProfile } from "./index.js";
import type { AgentContext } from "./profile.js";
import { runbook, runbookBlocks } from "./runbook.js";

const CONTEXT: AgentContext = {
  sessionId: "0badcafe",
  plan: { path: "docs/plan.md", text: "" },
  paths: { workspace: "/workspace/0badcafe", exchange: "/exchange/0badcafe", home: "/home/agent" },
  model: null,
  maxTurns: null,
  tty: true,
};

describe("claude", () => {
  test("in a terminal", () => {
    expect(claude.argv(CONTEXT)).toEqual([
      "claude",
      "--dangerously-skip-permissions",
      "/executing-plans-in-sandbox docs/plan.md",
    ]);
  });

  test("without one, with a model and a limit", () => {
    const argv = claude.argv({ ...CONTEXT, tty: false, model: "opus", maxTurns: 7 });
    expect(argv.slice(2)).toEqual([
      ...["--model", "opus", "--max-turns", "7", "-p"],
      "/executing-plans-in-sandbox docs/plan.md",
    ]);
  });
});

describe("runbook", () => {
  const plan = [
    "# Plan",
    "```sh",
    "echo one",
    "```",
    "~~~bash title=x",
    "echo two",
    "~~~",
    "```js",
    "no()",
    "```",
    "- item",
    "",
    "  ```SH",
    "  echo three",
    "  ```",
    "> ```sh",
    "> echo four",
    "> ```",
    "",
    "    indented code is none",
    "",
    "`sh` is none",
  ].join("\n");

  test("finds the blocks a reader sees, wherever they stand", async () => {
    expect(await runbookBlocks(plan)).toEqual([
      { shell: "sh", script: "echo one\n", line: 2 },
      { shell: "bash", script: "echo two\n", line: 5 },
      { shell: "sh", script: "echo three\n", line: 13 },
      { shell: "sh", script: "echo four\n", line: 16 },
    ]);
  });

  test("puts them in as files, in order, with what runs them", async () => {
    const files = await runbook.files?.({ path: "plan.md", text: plan });
    expect(files?.map(({ path }) => path)).toEqual([
      ".cco/runbook/run",
      ".cco/runbook/blocks/0001.2.sh",
      ".cco/runbook/blocks/0002.5.bash",
      ".cco/runbook/blocks/0003.13.sh",
      ".cco/runbook/blocks/0004.16.sh",
    ]);
    expect(runbook.argv(CONTEXT)).toEqual(["sh", "/home/agent/.cco/runbook/run", "docs/plan.md"]);
  });

  test("a plan without one is refused", async () => {
    await expect(runbook.files?.({ path: "plan.md", text: "# Nothing" })).rejects.toMatchObject({
      code: "PLAN_HAS_NO_STEPS",
    });
  });
});

test("a profile by name; one of the user's own replaces a built-in one", () => {
  expect(agentProfile("runbook")).toBe(runbook);
  const own = { ...runbook, name: "claude" };
  expect(agentProfile("claude", [own])).toBe(own);
  expect(() => agentProfile("nobody", [own])).toThrow(
    expect.objectContaining({ code: "AGENT_UNKNOWN", hint: "there are: claude, runbook" }),
  );
});
