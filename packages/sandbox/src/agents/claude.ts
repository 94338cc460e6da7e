import type { GuestFile } from "@cco/backend";
import { readAsset } from "@cco/exec";

import { claudeStream } from "./claude-stream.js";
import type { AgentContext, AgentProfile, AgentRun, AgentSetUp } from "./profile.js";
import { GO_ON, INSTRUCTIONS, SKILL_NAME, skill } from "./texts.js";

/** Characters of the end of a key by which Claude Code remembers that it may use it. */
const KEY_TAIL = 20;

/** What the guest has for a key. The relay puts the key in its place. */
const PLACEHOLDER = "sk-ant-cco-placeholder-the-relay-adds-the-key";

/** Claude Code (seen: 2.1.197). https://docs.anthropic.com/en/docs/claude-code */
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
  env: {
    // It refuses to skip permissions as root unless it is told that it is contained.
    IS_SANDBOX: "1",
    DISABLE_AUTOUPDATER: "1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  },
  credentials: {
    env: ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_BASE_URL"],
    keys: ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"],
    files: [".claude/.credentials.json"],
    relay: {
      port: 3129,
      target: "https://api.anthropic.com",
      targetVariable: "ANTHROPIC_BASE_URL",
      keys: {
        ANTHROPIC_API_KEY: { header: "x-api-key", prefix: "", placeholder: PLACEHOLDER },
        CLAUDE_CODE_OAUTH_TOKEN: {
          header: "authorization",
          prefix: "Bearer ",
          placeholder: PLACEHOLDER,
        },
      },
    },
  },
  signs: {
    usageLimit: [
      "Request rejected \\(429\\)",
      "[Uu]sage limit reached",
      "hit your [a-z0-9 -]*limit",
      "out of extra usage",
    ],
    notLoggedIn: [
      "Invalid API key",
      "Please run /login",
      "Failed to authenticate",
      "OAuth token (has expired|has been revoked|revoked)",
      '"error":"authentication_failed"',
      "Select login method",
      "Paste code here if prompted",
    ],
    // Seen (2.1.197, 2.1.332): theme, trust, key, permissions, imports of a CLAUDE.md, and what is below
    // most lists to choose from.
    dialogs: [
      "Choose the text style",
      "Quick safety check",
      "Do you want to use this API key",
      "in Bypass Permissions mode",
      "Allow external CLAUDE\\.md",
      "Enter to confirm",
    ],
    failed: ["Unknown (slash )?command: /", "Unable to connect to Anthropic services"],
  },
  stream: claudeStream,
  goOn: {
    text: GO_ON,
    argv: (run) => ["claude", ...flags(run), "--continue", GO_ON],
  },
  argv,
  setUp,
};

function argv({ plan, ...run }: AgentContext): readonly string[] {
  return ["claude", ...flags(run), `/${SKILL_NAME} ${plan.path}`];
}

function flags({ model, maxTurns, tty }: AgentRun): readonly string[] {
  return [
    "--dangerously-skip-permissions",
    ...(model === null ? [] : ["--model", model]),
    ...(maxTurns === null ? [] : ["--max-turns", String(maxTurns)]),
    ...(tty ? [] : ["-p", "--output-format", "stream-json", "--verbose"]),
  ];
}

async function setUp({ paths, env }: AgentSetUp): Promise<readonly GuestFile[]> {
  const turn = await readAsset(new URL("./claude-turn.sh", import.meta.url));
  return [
    { path: ".cco/turn", content: turn },
    { path: ".claude/CLAUDE.md", content: INSTRUCTIONS },
    { path: `.claude/skills/${SKILL_NAME}/SKILL.md`, content: skill() },
    { path: ".claude/settings.json", content: json(settings()) },
    { path: ".claude.json", content: json(answers(paths.workspace, env["ANTHROPIC_API_KEY"])) },
  ];
}

/** How it is set up, and the hooks that tell how a turn stands. */
function settings(): object {
  const hook = (word: string, matcher?: string) => ({
    ...(matcher === undefined ? {} : { matcher }),
    hooks: [{ type: "command", command: `sh "$HOME/.cco/turn" ${word}` }],
  });
  return {
    skipDangerousModePermissionPrompt: true,
    includeCoAuthoredBy: false,
    hooks: {
      UserPromptSubmit: [hook("working")],
      Stop: [hook("stop")],
      StopFailure: [hook("failure")],
      Notification: [hook("person", "permission_prompt|elicitation_dialog")],
      PreToolUse: [hook("person", "AskUserQuestion")],
      PostToolUse: [hook("working", "AskUserQuestion")],
    },
  };
}

/** What it asks when it is first started, answered. */
function answers(workspace: string, key: string | undefined): object {
  return {
    hasCompletedOnboarding: true,
    projects: {
      [workspace]: {
        hasTrustDialogAccepted: true,
        hasCompletedProjectOnboarding: true,
        // Outside its workspace there is nothing in a guest that it must not read.
        hasClaudeMdExternalIncludesApproved: true,
        hasClaudeMdExternalIncludesWarningShown: true,
      },
    },
    ...(key === undefined
      ? {}
      : { customApiKeyResponses: { approved: [key.slice(-KEY_TAIL)], rejected: [] } }),
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
