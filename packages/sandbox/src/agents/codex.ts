import type { GuestFile } from "@cco/backend";

import type { AgentContext, AgentProfile, AgentRun, AgentSetUp } from "./profile.js";
import { GO_ON, INSTRUCTIONS, prompt } from "./texts.js";

const PORT = 3129;

/** OpenAI's Codex (seen: 0.171.0). https://developers.openai.com/codex */
export const codex: AgentProfile = {
  name: "codex",
  programs: ["codex"],
  install: "npm install -g @openai/codex",
  end: "stays-open",
  network: { policy: "allowlist", allow: ["api.openai.com", "chatgpt.com", "auth.openai.com"] },
  credentials: {
    env: ["OPENAI_API_KEY", "OPENAI_BASE_URL"],
    keys: ["OPENAI_API_KEY"],
    files: [".codex/auth.json"],
    relay: {
      port: PORT,
      target: "https://api.openai.com/v1",
      targetVariable: "OPENAI_BASE_URL",
      keys: {
        OPENAI_API_KEY: {
          header: "authorization",
          prefix: "Bearer ",
          placeholder: "sk-cco-placeholder-the-relay-adds-the-key",
        },
      },
    },
  },
  signs: {
    usageLimit: ["hit your usage limit", "usage_limit_reached", "exceeded retry limit.* 429"],
    notLoggedIn: ["Not logged in", "401 Unauthorized", "codex login"],
    // How a turn that failed ends on its screen, whatever the reason.
    dialogs: ["■ "],
    failed: [],
  },
  goOn: {
    text: GO_ON,
    argv: (run) => ["codex", "exec", "resume", "--last", ...flags(run), GO_ON],
  },
  argv,
  setUp,
};

function argv({ plan, ...run }: AgentContext): readonly string[] {
  return ["codex", ...(run.tty ? [] : ["exec"]), ...flags(run), prompt(plan.path)];
}

function flags({ model, tty }: AgentRun): readonly string[] {
  return [
    "--dangerously-bypass-approvals-and-sandbox",
    // Else it asks whether the hooks below may run.
    ...(tty ? ["--dangerously-bypass-hook-trust"] : []),
    ...(model === null ? [] : ["--model", model]),
  ];
}

/**
 * Hooks tell how a turn stands. Not `notify`: that is called for the title which it asks a model for,
 * too. Of the first turn nothing is told before its end: until then its screen is looked at, which alone
 * says that a turn failed.
 */
const HOOKS = {
  UserPromptSubmit: '[ ! -e "$HOME/.codex/turned" ] || echo working >"$CCO_TURN"',
  Stop: ': >"$HOME/.codex/turned" && echo finished >"$CCO_TURN"',
};

/** A provider by variable needs no login. */
function setUp({ paths, env, tty }: AgentSetUp): Promise<readonly GuestFile[]> {
  const base = env["OPENAI_BASE_URL"] ?? "https://api.openai.com/v1";
  const hooks = Object.entries(HOOKS).flatMap(([event, command]) => [
    `[[hooks.${event}]]`,
    `[[hooks.${event}.hooks]]`,
    'type = "command"',
    `command = ${JSON.stringify(`[ ! -p "$CCO_TURN" ] || { ${command}; }`)}`,
  ]);
  const withKey = env["OPENAI_API_KEY"] !== undefined;
  const provider = [
    'model_provider = "cco"',
    "[model_providers.cco]",
    'name = "OpenAI"',
    `base_url = ${JSON.stringify(base)}`,
    'env_key = "OPENAI_API_KEY"',
    'wire_api = "responses"',
  ];
  const config = [
    "check_for_update_on_startup = false",
    ...(withKey ? provider : []),
    `[projects.${JSON.stringify(paths.workspace)}]`,
    'trust_level = "trusted"',
    ...(tty ? hooks : []),
    "",
  ].join("\n");
  return Promise.resolve([
    { path: ".codex/config.toml", content: config },
    { path: ".codex/AGENTS.md", content: INSTRUCTIONS },
  ]);
}
