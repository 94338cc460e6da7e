import { fileName, hasPart, pathRule } from "./rule.js";

/** What runs on the host, or tells a program there what to run, without being asked by name. */

const HOOK_FOLDERS = new Set([".husky", ".githooks", ".git-hooks", "githooks", ".hooks"]);

/** Configuration of programs that install or run hooks. */
const HOOK_MANAGERS =
  /^(?:\.pre-commit-config\.ya?ml|\.?lefthook(?:-local)?\.(?:ya?ml|toml|json)|\.overcommit\.yml|\.?huskyrc.*|\.simple-git-hooks\..*|simple-git-hooks\..*)$/;

export const hookPath = pathRule(
  "hook-path",
  "git may run it, or what it names, as a hook on this machine",
  (folded, { hookPaths }) =>
    hasPart(folded, HOOK_FOLDERS) ||
    HOOK_MANAGERS.test(fileName(folded)) ||
    hookPaths.some((path) => folded === path || folded.startsWith(`${path}/`)),
);

export const setupScript = pathRule(
  "setup-script",
  "`cco add` runs it in a new worktree on this machine",
  (folded) => /^scripts\/(?:init|setup)[^/]*(?:\/|$)/.test(folded),
);

export const ccoConfig = pathRule(
  "cco-config",
  "cco reads it on this machine",
  (folded) => folded === ".cco" || folded.startsWith(".cco/"),
);

const AGENT_FOLDERS = new Set([
  ".claude",
  ".claude-plugin",
  ".codex",
  ".opencode",
  ".cursor",
  ".gemini",
  ".windsurf",
  ".continue",
  ".amazonq",
  ".kiro",
  ".roo",
]);

const AGENT_FILES = new Set([
  ".claude.json",
  ".mcp.json",
  "mcp.json",
  "opencode.json",
  "opencode.jsonc",
  ".aider.conf.yml",
  ".cursorrules",
  ".windsurfrules",
  ".clinerules",
]);

export const agentConfig = pathRule(
  "agent-config",
  "a coding agent started here obeys it (hooks, permissions, tools)",
  (folded) => hasPart(folded, AGENT_FOLDERS) || AGENT_FILES.has(fileName(folded)),
);
