import { describe, expect, test } from "vitest";

import { claude } from "./claude.js";
import { codex } from "./codex.js";
import { configured, customAgent } from "./custom.js";
import { agentProfile, BUILT_IN_AGENTS } from "./index.js";
import { opencode } from "./opencode.js";
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
      ...["--model", "opus", "--max-turns", "7"],
      ...["-p", "--output-format", "stream-json", "--verbose"],
      "/executing-plans-in-sandbox docs/plan.md",
    ]);
  });

  test("goes on with the conversation it had", () => {
    expect(claude.goOn?.argv({ model: null, maxTurns: null, tty: false })).toEqual([
      ...["claude", "--dangerously-skip-permissions"],
      ...["-p", "--output-format", "stream-json", "--verbose"],
      ...["--continue", expect.stringContaining("Go on")],
    ]);
  });
});

describe("codex", () => {
  test("in a terminal and without one", () => {
    const [program, ...rest] = codex.argv({ ...CONTEXT, model: "o9" });
    expect([program, ...rest.slice(0, -1)]).toEqual([
      ...["codex", "--dangerously-bypass-approvals-and-sandbox", "--dangerously-bypass-hook-trust"],
      ...["--model", "o9"],
    ]);
    expect(rest.at(-1)).toContain("docs/plan.md");
    expect(codex.argv({ ...CONTEXT, tty: false }).slice(0, 2)).toEqual(["codex", "exec"]);
    expect(codex.goOn?.argv({ ...CONTEXT, tty: false }).slice(0, 4)).toEqual([
      ...["codex", "exec", "resume", "--last"],
    ]);
  });

  test("asks the relay, by a provider that needs no login", async () => {
    const env = { OPENAI_BASE_URL: "http://127.0.0.1:3129", OPENAI_API_KEY: "x" };
    const files = await codex.setUp?.({ ...CONTEXT, env });
    const config = String(files?.find(({ path }) => path === ".codex/config.toml")?.content);
    expect(config).toContain('base_url = "http://127.0.0.1:3129"');
    expect(config).toContain('[projects."/workspace/0badcafe"]');
    expect(config).toContain("[[hooks.Stop]]");
    // Without a terminal it would wait for somebody to allow them.
    const headless = await codex.setUp?.({ ...CONTEXT, tty: false, env });
    expect(JSON.stringify(headless)).not.toContain("hooks");
  });
});

describe("opencode", () => {
  test("in a terminal and without one", () => {
    expect(opencode.argv(CONTEXT).slice(0, 2)).toEqual(["opencode", "--prompt"]);
    const argv = opencode.argv({ ...CONTEXT, tty: false, model: "a/b" });
    expect(argv.slice(0, 4)).toEqual(["opencode", "run", "--model", "a/b"]);
    expect(argv.at(-1)).toContain("docs/plan.md");
  });

  test("asks the relay", async () => {
    const files = await opencode.setUp?.({
      ...CONTEXT,
      env: { ANTHROPIC_BASE_URL: "http://127.0.0.1:3129" },
    });
    const config = files?.find(({ path }) => path.endsWith("opencode.json"))?.content;
    expect(config).toContain('"baseURL": "http://127.0.0.1:3129/v1"');
  });
});

describe("an agent of the user's own", () => {
  test("gets its words filled in", () => {
    const own = customAgent("mine", {
      argv: ["mine", "--plan={plan}", "{unknown}", "{model}"],
      headless: ["mine", "-q", "{workspace}/{plan}"],
      programs: ["jq"],
    });
    expect(own).toMatchObject({ programs: ["mine", "jq"], end: "exits" });
    expect(own.argv(CONTEXT)).toEqual(["mine", "--plan=docs/plan.md", "{unknown}", ""]);
    expect(own.argv({ ...CONTEXT, tty: false })).toEqual([
      ...["mine", "-q", "/workspace/0badcafe/docs/plan.md"],
    ]);
  });

  test("and what the user may change of any", () => {
    const changed = configured(claude, { env: ["X"], allow: ["a.test"], resume: false });
    expect(changed).toMatchObject({
      resume: false,
      network: { policy: "allowlist", allow: ["a.test"] },
      credentials: { env: ["X"] },
    });
    expect(configured(claude, {})).toEqual(claude);
  });
});

test.each(BUILT_IN_AGENTS)("$name: its signs are expressions of both kinds", ({ signs }) => {
  const patterns: readonly string[][] = Object.values(signs ?? {});
  for (const pattern of patterns.flat()) {
    expect(() => new RegExp(pattern, "m")).not.toThrow();
    // What JavaScript alone understands.
    expect(pattern).not.toMatch(/\\[dwsb]|\(\?/);
  }
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

  test.each(["\r\n", "\r"])("line ends %j are no part of a command", async (end) => {
    const text = ["```sh", "one", "two", "```"].join(end);
    expect(await runbookBlocks(text)).toEqual([{ shell: "sh", script: "one\ntwo\n", line: 1 }]);
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
    const outside = runbook.files?.({ path: ".cco/plan/words.md", text: "# Nothing" });
    await expect(outside).rejects.toThrow("the plan has no fenced sh or bash block: words.md");
  });
});

test("a profile by name; one of the user's own replaces a built-in one", () => {
  expect(agentProfile("runbook")).toBe(runbook);
  const own = { ...runbook, name: "claude" };
  expect(agentProfile("claude", [own])).toBe(own);
  expect(() => agentProfile("nobody", [own])).toThrow(
    expect.objectContaining({
      code: "AGENT_UNKNOWN",
      hint: "there are: claude, codex, opencode, runbook",
    }),
  );
});
