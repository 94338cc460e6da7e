import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { LocalBackend } from "@cco/local";
import { Sandbox, type SandboxEvent, type SandboxOptions } from "@cco/sandbox";
import { afterEach } from "vitest";

import { makeTempDir, TestRepo } from "../../../test/support/repo.js";

/**
 * A strict stand-in for `claude`: it does what the plan's first word says, prints what 2.1.197 prints
 * and calls the hooks that its settings name. Anything it does not know ends it with 64.
 */
const FAKE_CLAUDE = `#!/bin/sh
[ "$1" = --dangerously-skip-permissions ] || { echo "unexpected: $1" >&2; exit 64; }
shift
mode=tty continued=
while [ $# -gt 1 ]; do
  case $1 in
    --model | --max-turns) shift 2 ;;
    -p) mode=headless && shift ;;
    --output-format) [ "$2" = stream-json ] || exit 64; shift 2 ;;
    --verbose) shift ;;
    --continue) continued=yes && shift ;;
    *) echo "unexpected: $1" >&2 && exit 64 ;;
  esac
done
case $1 in '/executing-plans-in-sandbox '*) plan=\${1#* } ;; *) [ -n "$continued" ] || exit 64; plan=plan.md ;; esac
[ -f "$HOME/.claude/skills/executing-plans-in-sandbox/SKILL.md" ] || exit 64
grep -q hasTrustDialogAccepted "$HOME/.claude.json" || exit 64
read -r scene rest <"$plan"

hook() {
  grep -q "turn\\\\\\\\\\" $1\\"" "$HOME/.claude/settings.json" || { echo "no hook $1"; exit 64; }
  printf '%s' "$2" | sh "$HOME/.cco/turn" "$1"
}
commit() { echo "$1" >"$1" && git add "$1" && git commit -qm "$1"; }
result() {
  printf '{"type":"result","subtype":"success","is_error":%s,"num_turns":%s,"result":"%s","total_cost_usd":0.5,"usage":{"input_tokens":10,"output_tokens":3}}\\n' "$1" "$2" "$3"
}
limit() { hook failure "{\\"error\\":\\"rate_limit\\",\\"last_assistant_message\\":\\"usage limit reached|$rest\\"}"; }

hook working '{}'
case $scene-$mode-$continued in
  work-tty-)
    commit one
    hook stop '{"background_tasks":[]}'
    while read -r name; do
      hook working '{}'
      commit "$name"
      hook stop '{"background_tasks":[]}'
    done
    ;;
  work-headless-)
    echo '{"type":"assistant","message":{"id":"m","role":"assistant","model":"x","content":[{"type":"text","text":"Working: \\u00e9."}]}}'
    commit one
    hook stop '{"background_tasks":[]}'
    result false 2 done
    ;;
  limit-headless-)
    commit one
    echo left >left
    limit
    result true 1 "API Error: Request rejected (429)"
    exit 1
    ;;
  limit-headless-yes)
    commit two
    result false 1 done
    ;;
  limit-tty-)
    limit
    read -r words
    hook working '{}'
    commit "$(echo "$words" | cut -c1-5 | tr ' ' -)"
    hook stop '{"background_tasks":[]}'
    read -r words
    ;;
  login-headless-)
    result true 1 "Invalid API key · Please run /login"
    exit 1
    ;;
  login-tty-)
    hook failure '{"error":"authentication_failed"}'
    read -r words
    ;;
  unknown-headless-) result false 0 "Unknown command: /x" ;;
  ask-tty-)
    hook person '{}'
    read -r words
    hook working '{}'
    commit "$words"
    hook stop '{"background_tasks":[]}'
    read -r words
    ;;
  *) echo "no such scene: $scene-$mode-$continued" && exit 64 ;;
esac
`;

const opened: LocalBackend[] = [];

afterEach(async () => {
  for (const backend of opened.splice(0)) {
    for (const id of (await backend.guests()).keys()) await backend.closeGuest(id);
  }
});

export const KEY = "sk-ant-zq9-0123456789abcdef-Q";

/** A real repository, the local box, and a `claude` that is the fake one or `program`. */
export function claudeFixture(program = FAKE_CLAUDE, more: Record<string, string> = {}) {
  const repo = TestRepo.withCommit();
  const bin = join(makeTempDir(), "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "claude"), program);
  chmodSync(join(bin, "claude"), 0o755);
  const path = `${bin}:${repo.env["PATH"] ?? ""}`;
  const env = { ...repo.env, PATH: path, ANTHROPIC_API_KEY: KEY, ...more };
  const runner = new ExecaRunner({ env, cwd: repo.dir });
  const backend = new LocalBackend({ runner });
  opened.push(backend);
  const events: SandboxEvent[] = [];
  const onEvent = (event: SandboxEvent): void => {
    events.push(event);
  };
  const sandboxOf = (options: Partial<SandboxOptions> = {}): Sandbox =>
    new Sandbox({ backend, runner, env, onEvent, ...options });
  const sandbox = sandboxOf();
  const start = async (plan: string, tty: boolean, engine = sandbox): Promise<string> => {
    repo.write({ "plan.md": `${plan}\n` });
    const { sessionId } = await engine.prepare({ repoRoot: repo.dir, planPath: "plan.md", tty });
    await engine.launch(sessionId);
    return sessionId;
  };
  const dataDir = join(repo.env["XDG_DATA_HOME"] ?? "", "cco");
  return { repo, env, backend, sandbox, sandboxOf, start, events, dataDir };
}
