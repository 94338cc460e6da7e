import type { AgentContext, AgentProfile } from "./profile.js";

const SKILL = `---
name: executing-plans-in-sandbox
description: Carry out a plan file task by task in this sandbox, committing after each task.
---

Carry out the plan named in the arguments.

1. Read the whole plan first. Its path is relative to the repository's root.
2. Do it task by task, in order. After each task run the checks that the plan or the
   repository names, then commit with a message that says what changed and why.
3. Nobody answers questions here. Where the plan leaves something open, choose the simplest
   way that fits the repository and say so in the commit message.
4. Stay on the branch that is checked out. Do not push: the commits are fetched from here.
5. At the end say what is done, what is not, and why.
`;

const SETTINGS = `${JSON.stringify(
  { skipDangerousModePermissionPrompt: true, includeCoAuthoredBy: false },
  null,
  2,
)}\n`;

/** Claude Code. */
export const claude: AgentProfile = {
  name: "claude",
  programs: ["claude"],
  install: "npm install -g @anthropic-ai/claude-code",
  end: "stays-open",
  // https://docs.anthropic.com/en/docs/claude-code/corporate-proxy: what it must reach.
  network: {
    policy: "allowlist",
    allow: ["api.anthropic.com", "statsig.anthropic.com", "claude.ai", "console.anthropic.com"],
  },
  // It refuses to skip permissions as root unless it is told that it is contained.
  env: { IS_SANDBOX: "1" },
  argv,
  files: () =>
    Promise.resolve([
      { path: ".claude/skills/executing-plans-in-sandbox/SKILL.md", content: SKILL },
      { path: ".claude/settings.json", content: SETTINGS },
    ]),
};

function argv({ plan, model, maxTurns, tty }: AgentContext): readonly string[] {
  return [
    "claude",
    "--dangerously-skip-permissions",
    ...(model === null ? [] : ["--model", model]),
    ...(maxTurns === null ? [] : ["--max-turns", String(maxTurns)]),
    ...(tty ? [] : ["-p"]),
    `/executing-plans-in-sandbox ${plan.path}`,
  ];
}
