import type { GuestFile } from "@cco/backend";

import type { AgentContext, AgentProfile, AgentSetUp } from "./profile.js";
import { GO_ON, INSTRUCTIONS, prompt } from "./texts.js";

/** opencode (npm `opencode-ai`). https://opencode.ai/docs */
export const opencode: AgentProfile = {
  name: "opencode",
  programs: ["opencode"],
  install: "npm install -g opencode-ai",
  end: "stays-open",
  network: { policy: "allowlist", allow: ["api.anthropic.com", "api.openai.com", "models.dev"] },
  env: { OPENCODE_DISABLE_AUTOUPDATE: "1" },
  credentials: {
    env: ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"],
    keys: ["ANTHROPIC_API_KEY"],
    files: [".local/share/opencode/auth.json"],
    relay: {
      port: 3129,
      target: "https://api.anthropic.com",
      targetVariable: "ANTHROPIC_BASE_URL",
      keys: {
        ANTHROPIC_API_KEY: {
          header: "x-api-key",
          prefix: "",
          placeholder: "sk-ant-cco-placeholder-the-relay-adds-the-key",
        },
      },
    },
  },
  signs: {
    usageLimit: ["[Rr]ate limit", "Too Many Requests"],
    notLoggedIn: ["invalid x-api-key", "API key is missing", "Unauthorized"],
    dialogs: [],
    failed: [],
  },
  goOn: {
    text: GO_ON,
    argv: ({ model }) => ["opencode", "run", ...modelFlag(model), "--continue", GO_ON],
  },
  argv,
  setUp,
};

function argv({ plan, model, tty }: AgentContext): readonly string[] {
  const text = prompt(plan.path);
  return tty
    ? ["opencode", ...modelFlag(model), "--prompt", text]
    : ["opencode", "run", ...modelFlag(model), text];
}

function modelFlag(model: string | null): readonly string[] {
  return model === null ? [] : ["--model", model];
}

/** A plugin tells when a turn is over. */
const PLUGIN = `import { writeFileSync } from "node:fs";

export const CcoTurn = async () => ({
  event: async ({ event }) => {
    const fifo = process.env.CCO_TURN;
    if (fifo && event.type === "session.idle") writeFileSync(fifo, "finished\\n");
  },
});
`;

function setUp({ env }: AgentSetUp): Promise<readonly GuestFile[]> {
  const base = env["ANTHROPIC_BASE_URL"];
  const config = {
    $schema: "https://opencode.ai/config.json",
    permission: "allow",
    autoupdate: false,
    ...(base === undefined
      ? {}
      : { provider: { anthropic: { options: { baseURL: `${base.replace(/\/$/, "")}/v1` } } } }),
  };
  return Promise.resolve([
    { path: ".config/opencode/opencode.json", content: `${JSON.stringify(config, null, 2)}\n` },
    { path: ".config/opencode/AGENTS.md", content: INSTRUCTIONS },
    { path: ".config/opencode/plugin/cco.js", content: PLUGIN },
  ]);
}
