import type { GuestFile } from "@cco/backend";

import type { AgentContext, AgentProfile, AgentSetUp } from "./profile.js";
import { GO_ON, INSTRUCTIONS, prompt } from "./texts.js";

/** opencode (npm `opencode-ai`; seen: 1.18.33). https://opencode.ai/docs */
export const opencode: AgentProfile = {
  name: "opencode",
  programs: ["opencode"],
  install: "npm install -g opencode-ai",
  end: "stays-open",
  network: {
    policy: "allowlist",
    // The last two: where it looks up which models there are; without an answer it knows its own list.
    allow: ["api.anthropic.com", "api.openai.com", "models.dev", "models.opencode.ai"],
  },
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
  // As long as it runs it tries again by itself: nothing is typed.
  goOn: {
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

/**
 * A plugin tells how a turn stands, of the conversation itself, not of those that it begins for parts of
 * the work. Without a terminal its end is the turn's.
 */
function plugin(tty: boolean): string {
  return `import { writeFileSync } from "node:fs";

const LIMIT = /rate limit|usage limit|too many requests|quota/i;

export const CcoTurn = async () => {
  const fifo = process.env.CCO_TURN;
  const tell = (line) => fifo && writeFileSync(fifo, line + "\\n");
  const parts = new Set();
  let failure = "";
  return {
    event: async ({ event: { type, properties } }) => {
      if (type === "session.created" && properties.info.parentID) parts.add(properties.info.id);
      if (parts.has(properties.sessionID)) return;
      if (type === "session.status" && properties.status.type === "busy") {
        failure = "";
        tell("working");
      } else if (type === "session.status" && properties.status.type === "retry") {
        const { message, next } = properties.status;
        const words = message.replaceAll("\\n", " ").slice(0, 2000);
        if (LIMIT.test(words)) tell("usage-limit " + words + "|" + Math.ceil(next / 1000));
      } else if (type === "session.error") {
        const { name, data } = properties.error ?? {};
        failure = name === "ProviderAuthError" || data?.statusCode === 401 ? "login" : "person";
      } else if (type === "session.idle" && ${String(tty)}) {
        tell(failure || "finished");
      } else if (type === "permission.asked" || type === "question.asked") {
        tell("person");
      } else if (/^(permission|question)[.](replied|rejected)$/.test(type)) {
        tell("working");
      }
    },
  };
};
`;
}

function setUp({ env, tty }: AgentSetUp): Promise<readonly GuestFile[]> {
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
    { path: ".config/opencode/plugin/cco.js", content: plugin(tty) },
  ]);
}
